package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The vocabularies in circulation, and what the reference implementations made of texts. */
final class ReferenceFiles {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /**
     * A text and its ids.
     *
     * @param text null where there are bytes that are no text
     * @param bytes null where there is text
     */
    record Case(String text, byte[] bytes, int[] ids) {}

    private ReferenceFiles() {
    }

    /** The file; skips the test if it is not there. */
    static Path find(String name) {
        return find("tokenizer", name);
    }

    /** The file in a folder of the reference; skips the test if it is not there. */
    static Path find(String part, String name) {
        Path folder = Path.of(System.getProperty("rwkv.shared", "shared")).resolve("reference").resolve(part);
        assumeTrue(Files.exists(folder.resolve(name)), "no " + name + " in " + folder.toAbsolutePath().normalize()
                + "; set -Drwkv.shared to the folder that holds reference/" + part);
        return folder.resolve(name);
    }

    static List<Case> cases(String name) throws IOException {
        List<Case> cases = new ArrayList<>();
        for (String line : Files.readAllLines(find(name))) {
            JsonNode json = MAPPER.readTree(line);
            byte[] bytes = json.has("hex") ? HexFormat.of().parseHex(json.get("hex").textValue()) : null;
            cases.add(
                    new Case(json.path("text").textValue(), bytes, MAPPER.convertValue(json.get("ids"), int[].class)));
        }
        return cases;
    }
}
