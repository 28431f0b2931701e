package io.rwkv.core.internal.nd4j;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ScratchArraysTest {
    private final ScratchArrays scratch = new ScratchArrays();

    @Test
    void whatOneTokenNeedsShouldWaitForTheNext() {
        Nd4jActivations logits = scratch.take(1, 65536);
        scratch.endCall();
        assertFalse(logits.array.wasClosed());
        assertSame(logits, scratch.take(1, 65536));
        scratch.close();
        assertTrue(logits.array.wasClosed());
    }

    @Test
    void whatTheNextCallDoesNotUseShouldBeFreed() {
        Nd4jActivations other = scratch.take(2, 8);
        scratch.endCall();
        scratch.take(1, 8);
        scratch.endCall();
        assertTrue(other.array.wasClosed());
        scratch.close();
    }

    @Test
    void whatManyTokensNeedShouldBeFreedAtTheirCallsEnd() {
        int mark = scratch.mark();
        Nd4jActivations logits = scratch.take(256, 65536);
        Nd4jActivations small = scratch.take(1, 8);
        scratch.release(mark);
        assertSame(logits, scratch.take(256, 65536), "within a call");
        scratch.endCall();
        assertTrue(logits.array.wasClosed());
        assertNotSame(small, scratch.take(1, 8));
        scratch.close();
    }

    @Test
    void manySmallArraysShouldCountTogether() {
        int each = 1 << 20;
        Nd4jActivations first = scratch.take(1, each / 4);
        for (int i = 1; i < ScratchArrays.KEPT_BYTES / each; i++) {
            scratch.take(1, each / 4);
        }
        scratch.endCall();
        assertFalse(first.array.wasClosed());
        for (int i = 0; i <= ScratchArrays.KEPT_BYTES / each; i++) {
            scratch.take(1, each / 4);
        }
        scratch.endCall();
        assertTrue(first.array.wasClosed());
        scratch.close();
    }
}
