package io.rwkv.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Pieces of text that merging makes a single token of, which is most of them, by their bytes: one look-up instead of
 * one and more for every byte. Only tokens that merging does make of their own bytes are here, as a vocabulary may well
 * list others. Immutable.
 *
 * <p>
 * An open-addressing hash table in one array. A piece and its id are two longs side by side, so that a look-up compares
 * two numbers, mostly in one cache line.
 */
final class PieceTable {
    /** A piece of one byte needs no table. */
    static final int SHORTEST = 2;
    /** What is left beside an id in two longs; longer tokens are rare in text. */
    static final int LONGEST = 13;
    /** No token for the piece. */
    static final int NONE = -1;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    /** In the second long of an entry, above the last bytes of the piece. */
    private static final int ID_SHIFT = 8 * (LONGEST - 8);
    private static final long LAST_BYTES = (1L << ID_SHIFT) - 1;

    /** [2 * slot]: the first eight bytes, [2 * slot + 1]: the others and the id. Bytes beyond the end are FF, as no text has. */
    private final long[] entries;
    private final int shift;

    private PieceTable(int tokens) {
        int bits = 33 - Integer.numberOfLeadingZeros(Math.max(tokens, 1)); // at most half full
        entries = new long[2 << bits];
        shift = 64 - bits;
        Arrays.fill(entries, -1);
    }

    /** The tokens of the table that the merger makes of their bytes. */
    static PieceTable of(TokenTable tokens, PairMerger merger) {
        int[] ids = new int[tokens.size()];
        int count = 0;
        for (int id = 0; id < ids.length; id++) {
            byte[] bytes = tokens.get(id);
            if (bytes != null && fits(bytes) && merger.makes(bytes, id)) {
                ids[count++] = id;
            }
        }
        PieceTable table = new PieceTable(count);
        for (int i = 0; i < count; i++) {
            table.add(tokens.get(ids[i]), ids[i]);
        }
        return table;
    }

    private static boolean fits(byte[] token) {
        for (byte b : token) {
            if (b == -1) {
                return false;
            }
        }
        return token.length >= SHORTEST && token.length <= LONGEST;
    }

    private void add(byte[] token, int id) {
        long first = bytes(token, 0, Math.min(token.length, 8));
        long last = bytes(token, 8, token.length) & LAST_BYTES;
        int slot = slot(first, last);
        entries[slot] = first;
        entries[slot + 1] = (long) id << ID_SHIFT | last;
    }

    /** The token that merging makes of the bytes, or {@link #NONE} if none is known. */
    int idOf(byte[] text, int from, int to) {
        int length = to - from;
        if (length > LONGEST || length < SHORTEST) {
            return NONE;
        }
        long first;
        long last = LAST_BYTES;
        if (from + 8 > text.length) {
            first = bytes(text, from, to);
        } else {
            first = (long) LONG.get(text, from);
            if (length < 8) {
                first |= -1L << 8 * length;
            } else if (length > 8) {
                // The eight bytes that end with the piece, without those that the first long has.
                last = ((long) LONG.get(text, to - 8) >>> 8 * (16 - length) | -1L << 8 * (length - 8)) & LAST_BYTES;
            }
        }
        int slot = slot(first, last);
        return entries[slot] == -1 ? NONE : (int) (entries[slot + 1] >>> ID_SHIFT);
    }

    /** Up to eight bytes, the first one lowest. */
    private static long bytes(byte[] text, int from, int to) {
        long bytes = -1;
        for (int i = to - 1; i >= from; i--) {
            bytes = bytes << 8 | text[i] & 0xFF;
        }
        return bytes;
    }

    /** The place of the entry for the piece, or of the empty one where it would go. */
    private int slot(long first, long last) {
        long mixed = (first ^ last * 0xC2B2AE3D27D4EB4FL) * 0x9E3779B97F4A7C15L;
        int slot = (int) ((mixed ^ mixed >>> 32) * 0x9E3779B97F4A7C15L >>> shift) << 1;
        while (entries[slot] != -1 && (entries[slot] != first || (entries[slot + 1] & LAST_BYTES) != last)) {
            slot = slot + 2 & entries.length - 1;
        }
        return slot;
    }
}
