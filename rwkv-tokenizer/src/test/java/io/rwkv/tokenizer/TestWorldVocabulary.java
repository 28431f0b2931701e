package io.rwkv.tokenizer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Builds small World vocabularies: id 1 + b is the byte b, as in the real one; then come lines of the test's own. */
final class TestWorldVocabulary {
    static final String SOURCE = "small.txt";
    /** The number of the first line of the test's own. */
    static final int FIRST_LINE = 257;

    private TestWorldVocabulary() {
    }

    static List<String> bytes() {
        List<String> lines = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            lines.add(String.format("%d %s'\\x%02x' 1", b + 1, b < 128 ? "" : "b", b));
        }
        return lines;
    }

    static String text(String... lines) {
        List<String> all = bytes();
        all.addAll(List.of(lines));
        return String.join("\n", all) + "\n";
    }

    static WorldTokenizer load(String... lines) throws IOException {
        return read(text(lines));
    }

    static WorldTokenizer read(String file) throws IOException {
        return read(file.getBytes(StandardCharsets.UTF_8));
    }

    static WorldTokenizer read(byte[] file) throws IOException {
        return WorldTokenizer.load(new ByteArrayInputStream(file), SOURCE);
    }
}
