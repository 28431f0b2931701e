package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;

/** Files made to cost memory or time, most of them without an end: each is refused at a limit, with a word. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileTokenizerJsonTest {
    /** A text, then parts for 0, 1, 2 … for ever. */
    private static final class Endless extends InputStream {
        private final IntFunction<String> part;
        private byte[] now;
        private int at;
        private int next;

        Endless(String begin, IntFunction<String> part) {
            this.part = part;
            now = begin.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public int read() {
            while (at == now.length) {
                now = part.apply(next++).getBytes(StandardCharsets.UTF_8);
                at = 0;
            }
            return now[at++] & 0xFF;
        }

        @Override
        public int read(byte[] buffer, int from, int length) {
            buffer[from] = (byte) read();
            int count = Math.min(length - 1, now.length - at);
            System.arraycopy(now, at, buffer, from + 1, count);
            at += count;
            return count + 1;
        }
    }

    private static void assertRefused(InputStream json, String... contained) {
        String message = assertThrows(TokenizerFormatException.class, () -> BpeTokenizer.load(json, "x.json"))
                .getMessage();
        assertTrue(message.startsWith("x.json: at "), message);
        assertTrue(message.length() < 600, message);
        for (String part : contained) {
            assertTrue(message.contains(part), message);
        }
    }

    private static InputStream bytes(String json, Charset charset) {
        return new ByteArrayInputStream(json.getBytes(charset));
    }

    @Test
    void tokensWithoutEndShouldBeRefused() {
        assertRefused(new Endless("{\"model\": {\"vocab\": {\"a\": 0", id -> ",\"a" + id + "\":" + (id + 1)),
                "at $.model.vocab: expected at most 1048576 tokens of together at most 16777216 characters, found more");
    }

    @Test
    void longTokensWithoutEndShouldBeRefused() {
        String filler = "x".repeat(30_000);
        assertRefused(new Endless("{\"model\": {\"vocab\": {\"a\": 0", id -> ",\"" + filler + id + "\":" + (id + 1)),
                "at $.model.vocab: expected at most 1048576 tokens of together at most 16777216 characters, found more");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"a b\"", "[\"a\", \"b\"]"})
    void mergesWithoutEndShouldBeRefused(String merge) {
        assertRefused(new Endless("{\"model\": {\"merges\": [" + merge, i -> "," + merge),
                "at $.model.merges: expected at most 1048576 merges of together at most 16777216 characters, found more");
    }

    @Test
    void longMergesWithoutEndShouldBeRefused() {
        String merge = ",\"" + "x".repeat(100_000) + " y\"";
        assertRefused(new Endless("{\"model\": {\"merges\": [\"a b\"", i -> merge), "at $.model.merges", "16777216");
    }

    @Test
    void aMergeOfManyTokensShouldBeRefused() {
        assertRefused(new Endless("{\"model\": {\"merges\": [[\"a\"", i -> ",\"b\""),
                "at $.model.merges[0]: expected two tokens, as \"a b\" or [\"a\", \"b\"], found an array");
    }

    @Test
    void addedTokensWithoutEndShouldBeRefused() {
        String rest = "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}";
        String filler = "x".repeat(1000);
        assertRefused(new Endless("{\"added_tokens\": [", i -> (i == 0 ? "" : ",") + "{\"id\":" + i + ",\"content\":\""
                + filler + i + rest), "at $.added_tokens", "16777216 characters, found more");
    }

    @ParameterizedTest
    @ValueSource(strings = {"truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder"})
    void partsOfManyOptionsShouldBeRefused(String part) {
        String begin = "{\"" + part + "\": {\"type\": \"ByteLevel\"";
        assertRefused(new Endless(begin, i -> ",\"o" + i + "\":1"),
                "at $." + part + ": expected at most 1000 options", "found more");
        assertRefused(new Endless(begin, i -> ",\"o" + i + "\":{\"p\":\"" + "x".repeat(100_000) + "\"}"),
                "at $." + part + ": expected at most 1000 options of together at most 2097152 characters");
    }

    @Test
    void namesWithoutEndShouldBeRefusedAtTheRootAndInTheModel() {
        assertRefused(new Endless("{\"version\": \"1.0\"", i -> ",\"o" + i + "\":1"),
                "at $: expected at most 1000 options, found more");
        assertRefused(new Endless("{\"model\": {\"type\": \"BPE\"", i -> ",\"o" + i + "\":1"),
                "at $.model: expected at most 1000 options, found more");
    }

    /** They are read to the file's largest size and nothing of them is kept. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{\"magic\": [0|,0", "{\"model\": {\"vocab\": [[\"a\",0]|,[\"a\",0]"})
    void whatIsNotUsedShouldCostNoMemory(String begin, String part) {
        String parts = part.repeat(1000);
        assertRefused(new Endless(begin, i -> parts), "a file larger than the maximum of 134217728 bytes");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "[| at line 1, column 60: expected JSON, found none: nesting deeper than the maximum of 50",
            "{\"a\":| column 256: expected JSON, found none: nesting deeper than the maximum of 50",
            "x| Unrecognized token", "9| a number longer than the maximum of 256",
            "\\\"| a string longer than the maximum of 1048576 bytes",
            "é| a string longer than the maximum of 1048576 bytes",
            "\\u0041| a string longer than the maximum of 1048576 bytes"})
    void whatGoesOnForEverShouldBeRefused(String part, String expected) {
        boolean string = expected.contains("string");
        assertRefused(new Endless("{\"model\": " + (string ? "\"" : ""), i -> part), expected);
    }

    @Test
    void namesShouldHaveALimitOfTheirOwn() {
        String longest = "n".repeat(JsonLimits.MAX_NAME);
        assertRefused(bytes("{\"" + longest + "\": 1}", StandardCharsets.UTF_8), "the option \"nnn");
        assertRefused(bytes("{\"n" + longest + "\" : 1}", StandardCharsets.UTF_8),
                "a name longer than the maximum of 32768 bytes");
    }

    @Test
    void whatIsWithinTheLimitsShouldBeRead() throws IOException {
        TestVocabulary vocabulary = new TestVocabulary("a b");
        String token = "t".repeat(JsonLimits.MAX_NAME);
        String added = "s".repeat(JsonLimits.MAX_STRING);
        vocabulary.vocab().put(token, 300);
        int id = vocabulary.add(added);
        BpeTokenizer tokenizer = vocabulary.load();
        assertEquals(token, tokenizer.decode(new int[]{300}));
        assertArrayEquals(new int[]{id, 256}, tokenizer.encode(added + "ab"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-16BE", "UTF-16", "UTF-32LE", "UTF-32BE"})
    void otherEncodingsShouldBeRefused(String charset) {
        assertRefused(bytes(new TestVocabulary().root.toString(), Charset.forName(charset)), "expected JSON", "UTF-8");
    }

    /** Sequences that are too long, too short, or beyond what Unicode has; some parsers take some of them. */
    @ParameterizedTest
    @ValueSource(strings = {"C080", "C1BF", "E09FBF", "EDA080", "EDA080EDB080", "F08FBFBF", "F4908080", "F8", "FF",
            "80",
            "C3", "C3C3", "E282", "E28228", "F09F98"})
    void whatIsNoUtf8ShouldBeRefused(String hex) {
        byte[] sequence = HexFormat.of().parseHex(hex);
        for (String where : List.of("\"ab\":256", "\"BPE\"")) {
            byte[] json = new TestVocabulary("a b").root.toString().getBytes(StandardCharsets.UTF_8);
            int at = new String(json, StandardCharsets.ISO_8859_1).indexOf(where) + 2;
            byte[] damaged = new byte[json.length + sequence.length];
            System.arraycopy(json, 0, damaged, 0, at);
            System.arraycopy(sequence, 0, damaged, at, sequence.length);
            System.arraycopy(json, at, damaged, at + sequence.length, json.length - at);
            assertRefused(new ByteArrayInputStream(damaged), "at line 1, column ",
                    "expected JSON, found none: no UTF-8");
        }
    }

    @Test
    void everyCharacterShouldPass() throws IOException {
        StringBuilder all = new StringBuilder();
        for (int c = 0x80; c <= Character.MAX_CODE_POINT; c += c < 0x3000 ? 1 : 37) {
            all.appendCodePoint(Character.isSurrogate((char) c) && c < 0x10000 ? '-' : c);
        }
        for (int c : new int[]{0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF,
                0x40000, 0xFFFFF, 0x100000, 0x10FFFF}) {
            all.appendCodePoint(c);
        }
        TestVocabulary vocabulary = new TestVocabulary();
        int id = vocabulary.add(all.toString());
        BpeTokenizer tokenizer = vocabulary.load();
        assertEquals(all.toString(), tokenizer.decode(new int[]{id}));
    }

    @Test
    void errorsShouldNameTheLine() {
        assertRefused(bytes("{\n\n  \"version\": " + "9".repeat(300), StandardCharsets.UTF_8),
                "at line 3, column 270: expected JSON, found none: a number longer");
    }

    @Test
    void namesThatComeTwiceShouldBeRefusedEverywhere() {
        String json = new TestVocabulary("a b").root.toString();
        for (String name : List.of("\"version\":\"1.0\"", "\"type\":\"BPE\"", "\"type\":\"NFC\"", "\"ab\":256")) {
            assertTrue(json.contains(name), name);
            assertRefused(bytes(json.replace(name, name + "," + name), StandardCharsets.UTF_8), "Duplicate");
        }
    }

    private static JsonNode shuffled(JsonNode node, Random random) {
        if (!node.isObject()) {
            return node;
        }
        List<String> names = new ArrayList<>();
        for (Iterator<String> all = node.fieldNames(); all.hasNext();) {
            names.add(all.next());
        }
        Collections.shuffle(names, random);
        ObjectNode mixed = new ObjectMapper().createObjectNode();
        names.forEach(name -> mixed.set(name, shuffled(node.get(name), random)));
        return mixed;
    }

    @Test
    void partsShouldBeReadInAnyOrder() throws IOException {
        TestVocabulary vocabulary = new TestVocabulary("a b", "ab c", "h e");
        int end = vocabulary.add("<|end|>", "special");
        vocabulary.add("ab", "normalized");
        Random random = new Random(3);
        for (int round = 0; round < 50; round++) {
            BpeTokenizer tokenizer = TestVocabulary.load(shuffled(vocabulary.root, random).toString());
            assertArrayEquals(new int[]{258, 256, 'c', end, 'x'}, tokenizer.encode("heabc<|end|>x"));
            assertEquals(260, tokenizer.vocabularySize());
        }
    }
}
