package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Both ways of merging against the definition of byte pair encoding, with random merges. */
class PairMergerTest {
    private final Random random = new Random(3);
    /** [rank]: left, right, merged. */
    private final List<int[]> merges = new ArrayList<>();

    @Test
    void shouldMergeAsTheDefinitionSays() {
        for (int round = 0; round < 300; round++) {
            int letters = 1 + random.nextInt(5);
            makeMerges(letters, random.nextInt(60));
            byte[] text = randomText(letters, 2 + random.nextInt(PairMerger.LONGEST_SCAN * 6));
            int from = random.nextInt(2);
            int[] expected = naive(text, from);

            assertArrayEquals(expected, merge(PairMerger.LONGEST_SCAN, text, from), "as in use");
            assertArrayEquals(expected, merge(text.length, text, from), "by scan");
            assertArrayEquals(expected, merge(1, text, from), "by queue");
        }
    }

    @Test
    void shouldMergeRunsOfOneLetterFromTheLeft() {
        merges.clear();
        merges.add(new int[]{0, 0, 10});
        merges.add(new int[]{10, 10, 11});
        for (int length = 1; length < 200; length++) {
            byte[] text = new byte[length];
            int[] expected = naive(text, 0);
            assertArrayEquals(expected, merge(length, text, 0));
            assertArrayEquals(expected, merge(1, text, 0));
            assertEquals(length / 4 + length % 4 / 2 + length % 2, expected.length);
        }
    }

    private void makeMerges(int letters, int count) {
        merges.clear();
        for (int rank = 0; rank < count; rank++) {
            int[] pair = {random.nextInt(letters + rank), random.nextInt(letters + rank), letters + rank};
            if (merges.stream().noneMatch(m -> m[0] == pair[0] && m[1] == pair[1])) {
                merges.add(pair);
            } else {
                merges.add(new int[]{1000 + rank, 1000, letters + rank}); // never found
            }
        }
        // In files a merge may well rank above those that make its parts.
        Collections.shuffle(merges, random);
    }

    private byte[] randomText(int letters, int length) {
        byte[] text = new byte[length];
        for (int i = 0; i < length; i++) {
            text[i] = (byte) random.nextInt(letters);
        }
        return text;
    }

    private int[] merge(int longestScan, byte[] text, int from) {
        int[][] columns = new int[3][merges.size()];
        for (int rank = 0; rank < merges.size(); rank++) {
            for (int column = 0; column < 3; column++) {
                columns[column][rank] = merges.get(rank)[column];
            }
        }
        int[] idOfByte = new int[256];
        for (int b = 0; b < 256; b++) {
            idOfByte[b] = b;
        }
        PairMerger merger = new PairMerger(
                new PairTable(columns[0], columns[1], columns[2], idOfByte), longestScan);
        IntList tokens = new IntList(0);
        merger.merge(text, from, text.length, tokens);
        return tokens.toArray();
    }

    private int[] naive(byte[] text, int from) {
        List<Integer> ids = new ArrayList<>();
        for (int i = from; i < text.length; i++) {
            ids.add((int) text[i]);
        }
        for (boolean merged = true; merged;) {
            merged = false;
            search : for (int[] merge : merges) {
                for (int i = 0; i + 1 < ids.size(); i++) {
                    if (ids.get(i) == merge[0] && ids.get(i + 1) == merge[1]) {
                        ids.set(i, merge[2]);
                        ids.remove(i + 1);
                        merged = true;
                        break search;
                    }
                }
            }
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }
}
