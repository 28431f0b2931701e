package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Files that are damaged or ask for what is not implemented: one exception each, that says where and what. */
class TokenizerJsonTest {
    private final TestVocabulary vocabulary = new TestVocabulary("a b", "ab c");

    private static void assertJsonRefused(String json, String... contained) {
        String message = assertThrows(TokenizerFormatException.class, () -> TestVocabulary.load(json)).getMessage();
        assertTrue(message.startsWith(TestVocabulary.SOURCE + ": at "), message);
        for (String part : contained) {
            assertTrue(message.contains(part), message);
        }
    }

    private void assertRefused(String where, String expected, String found) {
        String message = assertThrows(TokenizerFormatException.class, vocabulary::load).getMessage();
        assertEquals("small.json: at " + where + ": expected " + expected + ", found " + found, message);
    }

    @Test
    void shouldAcceptOptionsThatChangeNothing() throws IOException {
        vocabulary.model().put("dropout", 0.0).put("unk_token", "<unk>").put("byte_fallback", true)
                .put("ignore_merges", false).put("continuing_subword_prefix", "");
        vocabulary.root.putNull("post_processor");
        vocabulary.root.remove(List.of("version", "truncation", "padding", "added_tokens"));

        assertArrayEquals(new int[]{257}, vocabulary.load().encode("abc"));
    }

    @Test
    void shouldAcceptMissingTokensOfBytesThatUtf8NeverHas() throws IOException {
        for (int b : new int[]{0xC0, 0xC1, 0xF5, 0xFF}) {
            vocabulary.vocab().remove(String.valueOf(ByteAlphabet.characterOf(b)));
        }

        assertArrayEquals(new int[]{0xF4, 0x8F, 0xBF, 0xBF}, vocabulary.load().encode("\uDBFF\uDFFF"));
    }

    @Test
    void shouldRefuseWhatIsNoJson() {
        assertJsonRefused("", "at $: expected an object, found nothing");
        assertJsonRefused("[]", "at $: expected an object, found an array");
        assertJsonRefused("{\"a\": ", "expected JSON, found none", "line 1");
        assertJsonRefused(vocabulary.root + "x", "expected JSON");
        assertJsonRefused(vocabulary.root + " 1", "expected the end of the file, found more JSON");
        assertJsonRefused("[".repeat(1_000_000), "expected JSON", "nesting");
        assertJsonRefused("{\"a\":".repeat(1_000_000), "expected JSON", "nesting");
        assertJsonRefused("{\"model\": {}, \"model\": {}}", "Duplicate", "model");
        assertJsonRefused("{\"version\": 1e999999999}", "at $.version: expected \"1.0\", found");
        assertJsonRefused("{\"version\": " + "9".repeat(100_000) + "}", "expected JSON");
    }

    @Test
    void shouldRefuseWhatIsNoUtf8() {
        byte[] json = vocabulary.root.toString().replace("ByteLevel", "ByteLevel#").getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < json.length; i++) {
            json[i] = json[i] == '#' ? (byte) 0xFF : json[i];
        }
        String message = assertThrows(TokenizerFormatException.class,
                () -> BpeTokenizer.load(new ByteArrayInputStream(json), "x.json")).getMessage();
        assertTrue(message.startsWith("x.json: at line 1, column ") && message.contains("UTF-8"), message);
    }

    @Test
    void shouldPassOnFailuresToRead() {
        IOException failure = new IOException("unplugged");
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw failure;
            }
        };
        IOException thrown = assertThrows(IOException.class, () -> BpeTokenizer.load(broken, "x.json"));
        assertEquals("unplugged", thrown.getMessage());
        assertEquals(IOException.class, thrown.getClass());
    }

    @Test
    void shouldStopReadingWhatDoesNotEnd() {
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return ' ';
            }

            @Override
            public int read(byte[] buffer, int from, int length) {
                Arrays.fill(buffer, from, from + length, (byte) ' ');
                return length;
            }
        };
        String message = assertThrows(TokenizerFormatException.class, () -> BpeTokenizer.load(endless, "x.json"))
                .getMessage();
        assertTrue(message.contains("maximum"), message);
    }

    @Test
    void shouldLeaveTheStreamOpen() throws IOException {
        boolean[] closed = new boolean[1];
        InputStream in = new ByteArrayInputStream(vocabulary.root.toString().getBytes(StandardCharsets.UTF_8)) {
            @Override
            public void close() {
                closed[0] = true;
            }
        };
        BpeTokenizer.load(in, "x.json");
        assertFalse(closed[0]);
    }

    @Test
    void shouldRefuseUnknownParts() {
        vocabulary.root.put("magic", 1);
        assertRefused("$", "only options that are implemented", "the option \"magic\"");
    }

    @Test
    void shouldRefuseOtherVersion() {
        vocabulary.root.put("version", "2.0");
        assertRefused("$.version", "\"1.0\"", "\"2.0\"");
    }

    @Test
    void shouldRefuseTruncation() {
        vocabulary.root.putObject("truncation").put("max_length", 8);
        assertRefused("$.truncation", "null", "an object");
    }

    @Test
    void shouldRefusePadding() {
        vocabulary.root.put("padding", true);
        assertRefused("$.padding", "null", "true");
    }

    @Test
    void shouldRefuseOtherNormalizer() {
        vocabulary.part("normalizer").put("type", "NFKC");
        assertRefused("$.normalizer.type", "\"NFC\"", "\"NFKC\"");
    }

    @Test
    void shouldRefuseNormalizerThatIsNoObject() {
        vocabulary.root.put("normalizer", 5);
        assertRefused("$.normalizer.type", "\"NFC\"", "nothing");
    }

    @Test
    void shouldRefuseOtherPreTokenizer() {
        vocabulary.part("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        assertRefused("$.pre_tokenizer.type", "\"ByteLevel\"", "\"Sequence\"");
    }

    @Test
    void shouldRefuseOptionsOfByteLevelThatAreUnknownOrNoBooleans() {
        vocabulary.part("pre_tokenizer").put("pattern", "x");
        assertRefused("$.pre_tokenizer", "only options that are implemented", "the option \"pattern\"");

        vocabulary.part("pre_tokenizer").remove("pattern");
        vocabulary.part("pre_tokenizer").put("use_regex", "yes");
        assertRefused("$.pre_tokenizer.use_regex", "true or false", "\"yes\"");

        vocabulary.part("pre_tokenizer").remove(List.of("use_regex", "add_prefix_space"));
        assertRefused("$.pre_tokenizer.add_prefix_space", "true or false", "nothing");
    }

    @Test
    void shouldRefuseMissingDecoderAndOtherPostProcessor() {
        ObjectNode decoder = vocabulary.part("decoder");
        vocabulary.root.putNull("decoder");
        assertRefused("$.decoder", "an object of type \"ByteLevel\"", "null");

        vocabulary.root.set("decoder", decoder);
        vocabulary.part("post_processor").put("type", "TemplateProcessing");
        assertRefused("$.post_processor.type", "\"ByteLevel\"", "\"TemplateProcessing\"");
    }

    @Test
    void shouldRefuseOtherModels() {
        vocabulary.model().put("type", "Unigram");
        assertRefused("$.model.type", "\"BPE\"", "\"Unigram\"");
        vocabulary.root.remove("model");
        assertRefused("$.model.type", "\"BPE\"", "nothing");
    }

    @Test
    void shouldRefuseOptionsOfModelThatChangeIds() {
        vocabulary.model().put("dropout", 0.1);
        assertRefused("$.model.dropout", "null or 0", "0.1");

        vocabulary.model().putNull("dropout").put("continuing_subword_prefix", "##");
        assertRefused("$.model.continuing_subword_prefix", "null or \"\"", "\"##\"");

        vocabulary.model().putNull("continuing_subword_prefix").put("end_of_word_suffix", "</w>");
        assertRefused("$.model.end_of_word_suffix", "null or \"\"", "\"</w>\"");

        vocabulary.model().putNull("end_of_word_suffix").put("ignore_merges", true);
        assertRefused("$.model.ignore_merges", "false", "true");

        vocabulary.model().put("ignore_merges", false).put("cache", 1);
        assertRefused("$.model", "only options that are implemented", "the option \"cache\"");
    }

    @Test
    void shouldRefuseMissingVocabularyAndMerges() {
        vocabulary.model().remove("merges");
        assertRefused("$.model.merges", "an array", "nothing");
        vocabulary.model().remove("vocab");
        assertRefused("$.model.vocab", "an object of tokens and ids", "nothing");
    }

    @Test
    void shouldRefuseIdsThatAreNoneOrHuge() {
        for (String id : List.of("-1", "4194303", "2147483647", "2147483648", "1.5", "1e300", "null", "[]", "\"7\"")) {
            assertJsonRefused(vocabulary.root.toString().replace("\"ab\":256", "\"ab\":" + id),
                    "at $.model.vocab[\"ab\"]: expected a token id from 0 to 4194302, found ");
        }
    }

    @Test
    void shouldRefuseIdGivenTwice() {
        vocabulary.vocab().put("twice", 256);
        assertRefused("$.model.vocab[\"twice\"]", "an id that no other token has", "256");
    }

    @Test
    void shouldRefuseMissingByte() {
        vocabulary.vocab().remove("Ġ");
        assertRefused("$.model.vocab[\"Ġ\"]", "a token for the byte 20", "nothing");
    }

    @Test
    void shouldRefuseHalfOfSurrogatePair() {
        String json = vocabulary.root.toString();
        assertJsonRefused(json.replace("\"ab\":256", "\"ab\":256,\"\\ud800\":300"), "surrogate");
        assertJsonRefused(json.replace("\"ab\":256", "\"ab\":256,\"\\udc00\":300"), "surrogate");

        vocabulary.add("halves");
        assertJsonRefused(vocabulary.root.toString().replace("halves", "\\udc00"), "surrogate");
    }

    /** ED A0 80 is how broken writers put U+D800 in UTF-8. */
    @Test
    void shouldRefuseHalfOfSurrogatePairInUtf8() {
        String json = vocabulary.root.toString().replace("\"ab\":256", "\"ab\":256,\"###\":300");
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("###");
        System.arraycopy(new byte[]{(byte) 0xED, (byte) 0xA0, (byte) 0x80}, 0, bytes, at, 3);

        String message = assertThrows(TokenizerFormatException.class,
                () -> BpeTokenizer.load(new ByteArrayInputStream(bytes), "x.json")).getMessage();
        assertTrue(message.contains("surrogate") && message.contains("0xd800"), message);
    }

    @Test
    void shouldRefuseMergesOfUnknownTokens() {
        ArrayNode merges = (ArrayNode) vocabulary.model().get("merges");
        merges.set(1, "ab qq");
        assertRefused("$.model.merges[1]", "a merge of tokens in $.model.vocab to another",
                "\"qq\", which is not there");
        merges.set(1, "c ab");
        assertRefused("$.model.merges[1]", "a merge of tokens in $.model.vocab to another",
                "\"cab\", which is not there");
    }

    @Test
    void shouldRefuseMergesThatAreNoPairs() {
        String expected = "two tokens, as \"a b\" or [\"a\", \"b\"]";
        ArrayNode merges = (ArrayNode) vocabulary.model().get("merges");
        merges.set(0, "ab");
        assertRefused("$.model.merges[0]", expected, "\"ab\"");
        merges.set(0, "a b c");
        assertRefused("$.model.merges[0]", expected, "\"a b c\"");
        merges.set(0, 7);
        assertRefused("$.model.merges[0]", expected, "7");
        merges.insertArray(0).add("a").add(1);
        assertRefused("$.model.merges[0]", expected, "an array");
    }

    @Test
    void shouldRefuseAddedTokensThatContradict() {
        ArrayNode added = (ArrayNode) vocabulary.root.get("added_tokens");
        vocabulary.add("<x>");
        vocabulary.add("<x>");
        assertRefused("$.added_tokens[1].content", "text, different from that of every other added token", "\"<x>\"");

        added.remove(1);
        vocabulary.add("");
        assertRefused("$.added_tokens[1].content", "text, different from that of every other added token", "\"\"");

        ((ObjectNode) added.get(1)).put("content", "<y>").put("id", 258);
        assertRefused("$.added_tokens[1].id", "an id that no other token has", "258");

        ((ObjectNode) added.get(1)).put("content", "ab");
        assertRefused("$.added_tokens[1].id", "the id 256 that $.model.vocab gives \"ab\"", "258");

        ((ObjectNode) added.get(1)).put("content", "<y>").put("id", 2_000_000_000);
        assertRefused("$.added_tokens[1].id", "a token id from 0 to 4194302", "2000000000");

        ((ObjectNode) added.get(1)).put("id", 259).remove("lstrip");
        assertRefused("$.added_tokens[1].lstrip", "true or false", "nothing");

        vocabulary.root.put("added_tokens", "none");
        assertRefused("$.added_tokens", "an array", "\"none\"");
    }

    @Test
    void shouldEscapeAndShortenWhatItQuotes() {
        vocabulary.root.put("version", "\n\u0000" + "x".repeat(1000));
        assertRefused("$.version", "\"1.0\"", "\"\\u000a\\u0000" + "x".repeat(55) + "...\"");
    }

    @Test
    void shouldThrowNothingElseOnRandomDamage() {
        byte[] json = vocabulary.root.toString().getBytes(StandardCharsets.UTF_8);
        Random random = new Random(7);
        String marks = "{}[]\",:01-e.\\ nx";
        int refused = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] damaged = json.clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                damaged[random.nextInt(json.length)] = random.nextBoolean()
                        ? (byte) random.nextInt(256)
                        : (byte) marks.charAt(random.nextInt(marks.length()));
            }
            try {
                BpeTokenizer.load(new ByteArrayInputStream(damaged), "x.json").encode("abc d");
            } catch (Exception e) {
                assertInstanceOf(TokenizerFormatException.class, e);
                refused++;
            }
        }
        assertTrue(refused > 1000, "refused " + refused);
    }
}
