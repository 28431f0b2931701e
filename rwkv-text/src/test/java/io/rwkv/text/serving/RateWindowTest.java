package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class RateWindowTest {
    private static final long SECOND = 1_000_000_000;
    private long now;

    @Test
    void rateShouldBeThatOfTheLastSeconds() {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            long start = random.nextLong() / 2; // a clock may begin anywhere, below zero, too
            now = start;
            RateWindow window = new RateWindow(() -> now);
            List<long[]> added = new ArrayList<>(); // second, count
            for (int i = 0; i < 300; i++) {
                long pause = random.nextInt(20) == 0 ? 30 * SECOND : SECOND / 2;
                now += (long) (random.nextDouble() * pause);
                long second = (now - start) / SECOND;
                if (random.nextBoolean()) {
                    int count = random.nextInt(5);
                    window.add(count);
                    added.add(new long[]{second, count});
                }
                long from = Math.max(0, second - RateWindow.SECONDS);
                long sum = added.stream().filter(one -> one[0] >= from).mapToLong(one -> one[1]).sum();
                long nanos = now - start - from * SECOND;
                assertEquals(nanos == 0 ? 0 : sum * 1e9 / nanos, window.perSecond(), 1e-6, "seed " + seed);
            }
        }
    }

    @Test
    void rateShouldBeZeroBeforeAnyTimeHasPassed() {
        RateWindow window = new RateWindow(() -> now);
        window.add(3);
        assertEquals(0, window.perSecond());
    }
}
