package io.rwkv.tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The classes of characters that pre-tokenisation tells apart.
 *
 * <p>
 * Letters and numbers come from a table of Unicode 14.0 and not from {@link Character}, so that the same text gives the
 * same ids on every JVM; 14.0 is what the regular expressions of the reference implementation knew when the project's
 * golden files were made.
 */
final class CharacterClasses {
    static final byte OTHER = 0;
    static final byte LETTER = 1;
    static final byte NUMBER = 2;
    static final byte SPACE = 3;

    private static final int CODE_POINTS = Character.MAX_CODE_POINT + 1;
    private static final int BLOCK_BITS = 8;
    private static final int BLOCK = 1 << BLOCK_BITS;
    private static final String RESOURCE = "unicode-14-letters-and-numbers.txt";

    /** [code point / BLOCK]: where its block begins in CLASSES; equal blocks share one place. */
    private static final char[] BLOCK_START = new char[CODE_POINTS >> BLOCK_BITS];
    private static final byte[] CLASSES = compress(read());

    private static final byte[] ASCII = Arrays.copyOf(CLASSES, 128);

    private CharacterClasses() {
    }

    static byte of(int codePoint) {
        return CLASSES[BLOCK_START[codePoint >> BLOCK_BITS] + (codePoint & BLOCK - 1)];
    }

    /** The class of a character below 128. */
    static byte ofAscii(int character) {
        return ASCII[character];
    }

    /** White_Space of Unicode, unchanged since 6.3. {@link Character#isWhitespace} is something else. */
    static boolean isSpace(int c) {
        return c >= 0x09 && c <= 0x0D || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680
                || c >= 0x2000 && c <= 0x200A || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F
                || c == 0x3000;
    }

    /**
     * The {@code \w} of Unicode's regular expressions (UTS 18, annex C), by the Unicode of this JVM: it only matters to
     * added tokens that want to be words of their own, of which RWKV's vocabularies have none.
     */
    static boolean isWord(int c) {
        if (Character.isAlphabetic(c) || c == 0x200C || c == 0x200D) {
            return true;
        }
        switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK :
            case Character.COMBINING_SPACING_MARK :
            case Character.ENCLOSING_MARK :
            case Character.DECIMAL_DIGIT_NUMBER :
            case Character.CONNECTOR_PUNCTUATION :
                return true;
            default :
                return false;
        }
    }

    private static byte[] read() {
        byte[] classes = new byte[CODE_POINTS];
        try (InputStream in = CharacterClasses.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException("resource io/rwkv/tokenizer/" + RESOURCE + " is not on the class path");
            }
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith("#")) {
                    String[] range = line.split(" ");
                    Arrays.fill(classes, Integer.parseInt(range[1], 16), Integer.parseInt(range[2], 16) + 1,
                            range[0].equals("L") ? LETTER : NUMBER);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (int c = 0; c <= 0x3000; c++) {
            if (isSpace(c)) {
                classes[c] = SPACE;
            }
        }
        return classes;
    }

    private static byte[] compress(byte[] classes) {
        byte[] blocks = new byte[CODE_POINTS];
        int end = 0;
        for (int from = 0; from < CODE_POINTS; from += BLOCK) {
            int place = 0;
            while (place < end && !Arrays.equals(classes, from, from + BLOCK, blocks, place, place + BLOCK)) {
                place += BLOCK;
            }
            if (place == end) {
                System.arraycopy(classes, from, blocks, end, BLOCK);
                end += BLOCK;
            }
            assert place <= Character.MAX_VALUE;
            BLOCK_START[from >> BLOCK_BITS] = (char) place;
        }
        return Arrays.copyOf(blocks, end);
    }
}
