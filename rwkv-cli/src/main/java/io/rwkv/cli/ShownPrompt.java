package io.rwkv.cli;

import io.rwkv.text.chat.PromptJson;
import io.rwkv.text.chat.PromptTemplate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The exact prompt of a conversation that a JSON file describes. */
final class ShownPrompt {
    private ShownPrompt() {
    }

    /** Prints it, with nothing before and after it. */
    static void print(PromptTemplate template, Path file) throws IOException {
        boolean standardInput = file.toString().equals("-");
        String json = standardInput ? StandardInput.read() : read(file);
        String name = standardInput ? "standard input" : file.toString();
        byte[] prompt;
        try {
            prompt = utf8(PromptJson.prompt(template, json));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
        }
        System.out.write(prompt);
        System.out.flush();
    }

    private static String read(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": expected a file, found a folder");
        }
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": expected UTF-8, found other bytes", e);
        }
    }

    /** JSON can hold half a character; UTF-8 cannot, and another character in its place would be another prompt. */
    private static byte[] utf8(String prompt) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(prompt));
            byte[] exact = new byte[bytes.remaining()];
            bytes.get(exact);
            return exact;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("expected whole characters, found half of a surrogate pair", e);
        }
    }
}
