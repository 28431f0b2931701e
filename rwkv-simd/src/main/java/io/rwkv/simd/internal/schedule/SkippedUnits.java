package io.rwkv.simd.internal.schedule;

import java.util.OptionalDouble;
import java.util.concurrent.atomic.LongAdder;

/** Counts hidden units of channel mixes, and those of them that were zero and whose weights were not read. For any thread. */
public final class SkippedUnits {
    private final LongAdder units = new LongAdder();
    private final LongAdder skipped = new LongAdder();

    /** Counts what one product left out. */
    void count(int of, int number) {
        units.add(of);
        skipped.add(number);
    }

    /** From 0 to 1; empty if there were none. */
    public OptionalDouble share() {
        return units.sum() == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) skipped.sum() / units.sum());
    }
}
