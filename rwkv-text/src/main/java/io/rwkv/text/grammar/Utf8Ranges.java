package io.rwkv.text.grammar;

import java.util.ArrayList;
import java.util.List;

/** The UTF-8 of a range of characters, as sequences of ranges of bytes. */
final class Utf8Ranges {
    /** The first character that takes one byte more, for each length from 1. */
    private static final int[] LENGTHS = {0x80, 0x800, 0x10000, Character.MAX_CODE_POINT + 1};

    private Utf8Ranges() {
    }

    /**
     * Takes apart a range without surrogates.
     *
     * @return sequences of first and last byte, first and last byte …, from 0 to 255: the character's UTF-8 is in one of them
     */
    static List<int[]> of(int first, int last) {
        List<int[]> sequences = new ArrayList<>();
        int from = first;
        for (int length = 1; length <= LENGTHS.length && from <= last; length++) {
            if (from < LENGTHS[length - 1]) {
                int to = Math.min(last, LENGTHS[length - 1] - 1);
                split(from, to, length, sequences);
                from = to + 1;
            }
        }
        return sequences;
    }

    /** Splits characters of one length until, in each part, bytes are free to combine. */
    private static void split(int first, int last, int length, List<int[]> sequences) {
        for (int bytes = length - 1; bytes > 0; bytes--) {
            int low = (1 << 6 * bytes) - 1; // the bits of the last bytes
            if ((first & ~low) != (last & ~low)) {
                if ((first & low) != 0) {
                    split(first, first | low, length, sequences);
                    split((first | low) + 1, last, length, sequences);
                    return;
                }
                if ((last & low) != low) {
                    split(first, (last & ~low) - 1, length, sequences);
                    split(last & ~low, last, length, sequences);
                    return;
                }
            }
        }
        int[] sequence = new int[2 * length];
        for (int at = 0; at < length; at++) {
            sequence[2 * at] = utf8(first, length, at);
            sequence[2 * at + 1] = utf8(last, length, at);
        }
        sequences.add(sequence);
    }

    /** One byte of a character's UTF-8. */
    private static int utf8(int codePoint, int length, int at) {
        int bits = codePoint >> 6 * (length - 1 - at);
        if (length == 1) {
            return bits;
        }
        return at == 0 ? 0xF00 >> length & 0xFF | bits : 0x80 | bits & 0x3F;
    }
}
