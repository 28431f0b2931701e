package io.rwkv.tokenizer;

import java.util.Arrays;
import java.util.OptionalInt;

/** The bytes of every token, by id. Immutable once built. */
final class TokenTable {
    /** Enough for every id, with the value of all ones left over. */
    static final int ID_BITS = 22;
    /**
     * The highest id that is believed. The table is as long as the highest id, so that one absurd number in a file
     * would otherwise cost gigabytes; the largest vocabularies in use have some 260,000 tokens.
     */
    static final int MAX_ID = (1 << ID_BITS) - 2;

    private static final byte[] NOTHING = {};

    /** [id], null where no token has the id. */
    private final byte[][] bytes;

    private TokenTable(byte[][] bytes) {
        this.bytes = bytes;
    }

    /** The highest id, plus one. */
    int size() {
        return bytes.length;
    }

    /** Whether the id, which may be any number, is that of a token of one byte or more. */
    boolean hasBytes(int id) {
        return id >= 0 && id < bytes.length && bytes[id] != null && bytes[id].length > 0;
    }

    /** The token's bytes, not to be changed; null where no token has the id. */
    byte[] get(int id) {
        return bytes[id];
    }

    /**
     * The bytes of all tokens in order. Ids within the table that no token has add nothing: a model may give any of them.
     *
     * @throws IllegalArgumentException if an id is outside the table
     */
    byte[] decode(int[] ids) {
        long length = 0;
        for (int id : ids) {
            length += bytesOf(id).length;
        }
        if (length > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    ids.length + " ids stand for " + length + " bytes, more than one array can hold");
        }
        byte[] decoded = new byte[(int) length];
        int end = 0;
        for (int id : ids) {
            byte[] token = bytesOf(id);
            System.arraycopy(token, 0, decoded, end, token.length);
            end += token.length;
        }
        return decoded;
    }

    private byte[] bytesOf(int id) {
        if (id < 0 || id >= bytes.length) {
            throw new IllegalArgumentException("token id " + id + " is outside the vocabulary's 0 to " + (size() - 1));
        }
        byte[] token = bytes[id];
        return token == null ? NOTHING : token;
    }

    /** The lowest id of a token with these bytes. Reads the whole table: not for hot paths. */
    OptionalInt idOf(byte[] token) {
        for (int id = 0; id < bytes.length; id++) {
            if (Arrays.equals(bytes[id], token)) {
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }

    /** Collects tokens in any order. */
    static final class Builder {
        private byte[][] bytes = new byte[1024][];
        private int size;

        /** @param id from 0 to {@link #MAX_ID}, not used before */
        void add(int id, byte[] token) {
            assert id >= 0 && id <= MAX_ID && !contains(id);
            if (id >= bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(id + 1, 2 * bytes.length));
            }
            bytes[id] = token;
            size = Math.max(size, id + 1);
        }

        boolean contains(int id) {
            return id < bytes.length && bytes[id] != null;
        }

        TokenTable build() {
            return new TokenTable(Arrays.copyOf(bytes, size));
        }
    }
}
