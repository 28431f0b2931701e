package io.rwkv.text.serving;

import java.util.Arrays;
import java.util.function.LongSupplier;

/** How many things there were per second, over the last few seconds. Not thread-safe. */
final class RateWindow {
    /** The seconds looked back at, besides the current one. */
    static final int SECONDS = 10;

    private static final long SECOND = 1_000_000_000;

    private final LongSupplier clock;
    private final long start;
    private final long[] counts = new long[SECONDS + 1]; // of each second, in turn
    private long current; // the second since the start that is counted now

    RateWindow() {
        this(System::nanoTime);
    }

    /** @param clock in nanoseconds */
    RateWindow(LongSupplier clock) {
        this.clock = clock;
        this.start = clock.getAsLong();
    }

    void add(int count) {
        advance();
        counts[(int) (current % counts.length)] += count;
    }

    /** The mean over the last {@value #SECONDS} seconds and the current one, or since the start if that is less. */
    double perSecond() {
        long elapsed = advance();
        long nanos = current < SECONDS ? elapsed : SECONDS * SECOND + elapsed - current * SECOND;
        return nanos <= 0 ? 0 : Arrays.stream(counts).sum() * 1e9 / nanos;
    }

    private long advance() {
        long elapsed = clock.getAsLong() - start;
        long second = elapsed / SECOND;
        if (second - current >= counts.length) {
            Arrays.fill(counts, 0);
            current = second;
        }
        while (current < second) {
            current++;
            counts[(int) (current % counts.length)] = 0;
        }
        return elapsed;
    }
}
