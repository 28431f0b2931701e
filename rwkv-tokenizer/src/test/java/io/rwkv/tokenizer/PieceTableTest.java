package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

/** The short cut against plain merging, with random vocabularies of which merging does not reach every token. */
class PieceTableTest {
    private static final int LETTERS = 3;
    private static final int MERGES = 60;

    private final Random random = new Random(7);
    private final TokenTable.Builder tokens = new TokenTable.Builder();
    /** [id]. */
    private final byte[][] bytes = new byte[LETTERS + MERGES][];
    private int unreached;
    private int found;

    @Test
    void shouldFindExactlyThePiecesThatMergingMakesOneTokenOf() {
        for (int round = 0; round < 100; round++) {
            PieceTableTest vocabulary = new PieceTableTest();
            vocabulary.random.setSeed(round);
            PairMerger merger = new PairMerger(vocabulary.makeMerges());
            PieceTable pieces = PieceTable.of(vocabulary.tokens.build(), merger);
            for (int i = 0; i < 500; i++) {
                compare(pieces, merger, vocabulary.randomPiece());
            }
            for (int id = 0; id < vocabulary.bytes.length; id++) {
                unreached += merger.makes(vocabulary.bytes[id], id) ? 0 : 1;
                compare(pieces, merger, vocabulary.bytes[id]);
            }
        }
        assertTrue(unreached > 500, unreached + " tokens that merging does not reach");
        assertTrue(found > 10_000, found + " pieces found");
    }

    private void compare(PieceTable pieces, PairMerger merger, byte[] piece) {
        IntList merged = new IntList(piece.length);
        merger.merge(piece, 0, piece.length, merged);
        boolean expected = merged.size() == 1 && piece.length >= PieceTable.SHORTEST
                && piece.length <= PieceTable.LONGEST;
        // Neighbours must not matter, nor how near the end of the array is.
        for (int after = 0; after < 12; after++) {
            byte[] text = new byte[after + piece.length + after];
            random.nextBytes(text);
            System.arraycopy(piece, 0, text, after, piece.length);
            int id = pieces.idOf(text, after, after + piece.length);
            assertEquals(expected ? merged.get(0) : PieceTable.NONE, id, () -> Arrays.toString(piece));
            found += id == PieceTable.NONE ? 0 : 1;
        }
    }

    private PairTable makeMerges() {
        int[] idOfByte = new int[256];
        Arrays.fill(idOfByte, -1);
        for (int letter = 0; letter < LETTERS; letter++) {
            idOfByte[letter] = letter;
            bytes[letter] = new byte[]{(byte) letter};
            tokens.add(letter, bytes[letter]);
        }
        int[][] merges = new int[MERGES][];
        for (int i = 0; i < MERGES; i++) {
            int id = LETTERS + i;
            // Mostly of the newer tokens, so that some grow longer than the table takes.
            int left = random.nextBoolean() ? random.nextInt(id) : Math.max(0, id - 1 - random.nextInt(20));
            int right = random.nextInt(Math.min(id, 20));
            merges[i] = new int[]{left, right, id};
            bytes[id] = Arrays.copyOf(bytes[left], bytes[left].length + bytes[right].length);
            System.arraycopy(bytes[right], 0, bytes[id], bytes[left].length, bytes[right].length);
            tokens.add(id, bytes[id]);
        }
        for (int i = 0; i < 5; i++) { // a few that come before those that make their parts
            int a = random.nextInt(MERGES);
            int b = random.nextInt(MERGES);
            int[] swapped = merges[a];
            merges[a] = merges[b];
            merges[b] = swapped;
        }
        int[][] columns = new int[3][MERGES];
        for (int rank = 0; rank < MERGES; rank++) {
            for (int column = 0; column < 3; column++) {
                columns[column][rank] = merges[rank][column];
            }
        }
        return new PairTable(columns[0], columns[1], columns[2], idOfByte);
    }

    private byte[] randomPiece() {
        byte[] piece = new byte[1 + random.nextInt(16)];
        for (int i = 0; i < piece.length; i++) {
            piece[i] = (byte) random.nextInt(LETTERS);
        }
        return piece;
    }

    @Test
    void shouldTellPiecesFromThoseWithZerosBehind() {
        int[] idOfByte = new int[256];
        TokenTable.Builder two = new TokenTable.Builder();
        two.add(0, new byte[1]);
        two.add(1, new byte[2]);
        Arrays.fill(idOfByte, -1);
        idOfByte[0] = 0;
        PairTable pairs = new PairTable(new int[]{0}, new int[]{0}, new int[]{1}, idOfByte);
        PieceTable pieces = PieceTable.of(two.build(), new PairMerger(pairs));
        int[] ids = new int[PieceTable.LONGEST + 2];
        for (int length = 0; length < ids.length; length++) {
            ids[length] = pieces.idOf(new byte[20], 0, length);
        }
        int[] expected = new int[ids.length];
        Arrays.fill(expected, PieceTable.NONE);
        expected[2] = 1;
        assertArrayEquals(expected, ids);
    }
}
