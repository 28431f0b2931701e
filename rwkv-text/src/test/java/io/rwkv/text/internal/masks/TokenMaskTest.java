package io.rwkv.text.internal.masks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

import java.util.Random;

class TokenMaskTest {
    /** Few allowed, few forbidden, many of both; vocabularies that end within a word; logits shorter and longer than them. */
    @Test
    void forbidsExactlyTheOthers() {
        Random random = new Random(3);
        for (int round = 0; round < 400; round++) {
            int vocabulary = 1 + random.nextInt(700);
            double share = new double[]{0, 0.003, 0.5, 0.997, 1}[round % 5];
            boolean beyond = random.nextBoolean();
            boolean[] allowed = new boolean[vocabulary];
            long[] bits = new long[TokenMask.words(vocabulary)];
            int count = 0;
            for (int id = 0; id < vocabulary; id++) {
                if (random.nextDouble() < share) {
                    allowed[id] = true;
                    bits[id >> 6] |= 1L << id;
                    count++;
                }
            }
            TokenMask mask = new TokenMask(bits, vocabulary, beyond);
            assertEquals(count, mask.count());
            for (int length : new int[]{vocabulary, vocabulary + 100, Math.max(1, vocabulary - 70)}) {
                float[] logits = new float[length];
                for (int id = 0; id < length; id++) {
                    logits[id] = id;
                }
                mask.apply(logits);
                for (int id = 0; id < length; id++) {
                    boolean expected = id < vocabulary ? allowed[id] : beyond;
                    assertEquals(expected ? id : Float.NEGATIVE_INFINITY, logits[id], "token " + id);
                    assertEquals(expected, mask.allows(id), "token " + id);
                }
            }
        }
    }

    @Test
    void isEqualToOneOfTheSameTokens() {
        long[] bits = {1, 2, 3};
        TokenMask mask = new TokenMask(bits, 190, false);
        bits[1] = 6;
        assertEquals(new TokenMask(new long[]{1, 2, 3}, 190, false), mask);
        assertNotEquals(new TokenMask(bits, 190, false), mask);
        assertNotEquals(new TokenMask(new long[]{1, 2, 3}, 190, true), mask);
        assertNotEquals(new TokenMask(new long[]{~1, ~2, ~3 & (1L << 62) - 1}, 190, false), mask);
    }
}
