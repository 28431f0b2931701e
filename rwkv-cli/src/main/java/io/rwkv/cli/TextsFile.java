package io.rwkv.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A list of texts in a file: each line is one; or, in a file whose name ends in .jsonl, each line is an object with one string.
 * Blank lines are left out. All is read and checked before anything is computed. Immutable.
 */
final class TextsFile {
    /** A text, and its line, from 0. */
    record Text(int index, String text) {}

    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final String name;
    private final List<Text> texts;

    private TextsFile(String name, List<Text> texts) {
        this.name = name;
        this.texts = Collections.unmodifiableList(texts);
    }

    /**
     * Reads a file.
     *
     * @param path "-" is standard input, whose lines are texts
     * @param key the name of the string in JSON lines
     * @throws IOException also if a line is not as it should be; the message names it
     */
    static TextsFile read(Path path, String key) throws IOException {
        boolean standardInput = path.toString().equals("-");
        if (!standardInput && Files.isDirectory(path)) {
            throw new IOException(path + ": expected a file of texts, found a folder");
        }
        String name = standardInput ? "standard input" : path.toString();
        boolean json = path.toString().endsWith(".jsonl");
        List<Text> texts = new ArrayList<>();
        int index = 0;
        try (InputStream bytes = standardInput ? System.in : Files.newInputStream(path);
                BufferedReader in = new BufferedReader(
                        new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder()))) {
            for (String line = in.readLine(); line != null; line = in.readLine(), index++) {
                String text = index == 0 && line.startsWith(BYTE_ORDER_MARK) ? line.substring(1) : line;
                if (!text.isBlank()) {
                    texts.add(new Text(index, json ? string(text, key, place(name, index)) : text));
                }
            }
        } catch (CharacterCodingException e) {
            throw new IOException(name + ": expected UTF-8, found other bytes", e);
        }
        return new TextsFile(name, texts);
    }

    private static String string(String line, String key, String place) throws IOException {
        JsonNode object;
        try {
            object = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new IOException(place + ": " + e.getOriginalMessage(), e);
        }
        JsonNode text = object.get(key);
        if (text == null || !text.isTextual()) {
            throw new IOException(place + ": expected an object with a string named " + key);
        }
        if (object.size() > 1) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            names.remove(key);
            throw new IOException(place + ": expected nothing beside " + key + ", found " + String.join(", ", names));
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text.textValue())) {
            throw new IOException(place + ": expected whole characters, found half of a surrogate pair in " + key);
        }
        return text.textValue();
    }

    /** The texts, in order. Unmodifiable. */
    List<Text> texts() {
        return texts;
    }

    /** What a text's line is called in messages. */
    String place(int index) {
        return place(name, index);
    }

    private static String place(String name, int index) {
        return name + ", line " + (index + 1);
    }
}
