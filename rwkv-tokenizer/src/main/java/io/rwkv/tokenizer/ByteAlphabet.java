package io.rwkv.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The alphabet in which byte-level vocabularies write bytes: one printable character for each. Printable Latin-1 stands
 * for itself, and the 68 other bytes, in order, are U+0100 onwards; so a space is written Ġ.
 */
final class ByteAlphabet {
    private static final char[] CHARACTER = new char[256];
    /** [character], -1 for those outside the alphabet. */
    private static final short[] BYTE = new short[256 + 68];

    static {
        Arrays.fill(BYTE, (short) -1);
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b > ' ' && b <= '~' || b > 0xA0 && b != 0xAD;
            CHARACTER[b] = printable ? (char) b : next++;
            BYTE[CHARACTER[b]] = (short) b;
        }
    }

    private ByteAlphabet() {
    }

    static char characterOf(int unsignedByte) {
        return CHARACTER[unsignedByte];
    }

    /** The bytes that a token of the vocabulary stands for; its UTF-8 if it is not written in the alphabet. */
    static byte[] bytesOf(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = token.charAt(i);
            if (c >= BYTE.length || BYTE[c] < 0) {
                return token.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) BYTE[c];
        }
        return bytes;
    }
}
