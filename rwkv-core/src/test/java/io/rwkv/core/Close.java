package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

/** Comparisons of float arrays. */
final class Close {
    private Close() {
    }

    /** Every element within {@code tolerance}, absolutely. */
    static void assertClose(String what, float[] expected, float[] actual, double tolerance) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            // Written so that NaN fails.
            if (!(Math.abs(expected[i] - actual[i]) <= tolerance)) {
                fail(what + "[" + i + "]: expected " + expected[i] + ", found " + actual[i]);
            }
        }
    }

    /** Every element within {@code tolerance} times the largest expected magnitude, or times 1 if that is less. */
    static void assertRelativelyClose(String what, float[] expected, float[] actual, double tolerance) {
        float largest = 1;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertClose(what, expected, actual, tolerance * largest);
    }
}
