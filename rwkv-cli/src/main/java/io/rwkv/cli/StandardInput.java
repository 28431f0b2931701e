package io.rwkv.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Text from standard input. Bytes that are not UTF-8 are refused: a model would be given other text than was meant. */
final class StandardInput {
    private StandardInput() {
    }

    /** Whether somebody types it. Java cannot tell; bin/rwkv can. */
    static boolean isTerminal() {
        return Boolean.getBoolean("rwkv.terminal.input");
    }

    /** All of it. */
    static String read() throws IOException {
        byte[] bytes = System.in.readAllBytes();
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw notUtf8(e);
        }
    }

    /** Line by line, as the lines come; the end is null. */
    interface Lines {
        String next() throws IOException;
    }

    static Lines lines() {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8.newDecoder()));
        return () -> {
            try {
                return in.readLine();
            } catch (CharacterCodingException e) {
                throw notUtf8(e);
            }
        };
    }

    private static IOException notUtf8(CharacterCodingException e) {
        return new IOException("standard input: expected UTF-8, found other bytes", e);
    }
}
