package io.rwkv.simd.internal.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

@DisabledIfSystemProperty(named = "rwkv.simd.bits", matches = ".+", disabledReason = "the same for all widths")
class ScratchTest {
    private static final int WIDE = 65536;
    private static final int CALLS = 16;

    private final Scratch scratch = new Scratch();

    /** Two results at a time, so that the second place is used twice. */
    private boolean call(int rows) {
        scratch.take(rows, WIDE);
        int mark = scratch.mark();
        scratch.take(rows, WIDE);
        scratch.release(mark);
        scratch.take(rows, WIDE);
        return scratch.endCall();
    }

    @Test
    void callsAlikeShouldUseTheSameArrays() {
        call(32);
        float[] values = scratch.take(32, WIDE).values;
        scratch.release(0);
        for (int i = 0; i < 3 * CALLS; i++) {
            assertFalse(call(32));
        }
        assertSame(values, scratch.take(32, WIDE).values);
        assertEquals(4L * 2 * 32 * WIDE, scratch.bytes());
    }

    @Test
    void callsThatNeedAQuarterShouldLeaveTheArrays() {
        call(32);
        for (int i = 0; i < 3 * CALLS; i++) {
            assertFalse(call(8));
        }
    }

    @Test
    void manyCallsThatNeedLessShouldFreeTheArrays() {
        call(32);
        for (int i = 1; i < CALLS; i++) {
            assertFalse(call(7));
        }
        assertTrue(call(7));
        assertEquals(0, scratch.bytes());
        call(7);
        assertEquals(4L * 2 * 7 * WIDE, scratch.bytes());
    }

    @Test
    void aCallThatNeedsTheArraysShouldKeepThem() {
        call(32);
        for (int i = 0; i < 3 * CALLS; i++) {
            assertFalse(call(i % CALLS == CALLS - 1 ? 32 : 1));
        }
    }

    @Test
    void whatOneTokenNeedsShouldStay() {
        scratch.take(1, WIDE);
        for (int i = 0; i < 3 * CALLS; i++) {
            assertFalse(scratch.endCall());
        }
        assertEquals(4 * WIDE, scratch.bytes());
    }

    @Test
    void endedCallsShouldLeaveNothingTaken() {
        scratch.take(3, 8);
        scratch.endCall();
        assertEquals(0, scratch.mark());
    }
}
