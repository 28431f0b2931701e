package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.simd.AtUsableWidth;

import org.junit.jupiter.api.Test;

import java.util.Arrays;

/** Ranges of any length at any place, and nothing outside of them. */
@AtUsableWidth
class ElementwiseTest {
    private static final int SIZE = 64;
    private static final float UNTOUCHED = 7;

    private final float[] x = Twin.activations(SIZE, 1, 1);
    private final float[] y = Twin.activations(SIZE, 1, 2);
    private final float[] z = Twin.activations(SIZE, 1, 3);
    private final float[] out = new float[SIZE];

    /** What to do with the range from {@code at} to {@code at + count - 1}. */
    private interface Kernel {
        void run(int at, int count);
    }

    /** What should come of the element i of a range at {@code at}. */
    private interface Expected {
        double at(int at, int i);
    }

    private void check(Kernel kernel, Expected expected) {
        for (int at = 0; at < 5; at++) {
            for (int count = 0; count < 50; count++) {
                Arrays.fill(out, UNTOUCHED);
                kernel.run(at, count);
                for (int i = 0; i < SIZE; i++) {
                    boolean within = i >= at && i < at + count;
                    assertEquals(within ? expected.at(at, i) : UNTOUCHED, out[i], within ? 1e-6 : 0,
                            i + " of " + count + " from " + at);
                }
            }
        }
    }

    @Test
    void mixShouldAddTheWeightedDifference() {
        check((at, n) -> Elementwise.mix(x, y, z, out, at, at + n), (at, i) -> x[i] + (double) y[i] * z[i]);
        check((at, n) -> Elementwise.mixRow(x, y, z, out, at, n), (at, i) -> x[i] + (double) y[i] * z[i - at]);
    }

    @Test
    void rowsShouldTakeWeightsFromTheirStart() {
        check((at, n) -> Elementwise.scaleRow(x, z, out, at, n), (at, i) -> (double) x[i] * z[i - at]);
        check((at, n) -> Elementwise.addRow(x, z, out, at, n), (at, i) -> (double) x[i] + z[i - at]);
    }

    @Test
    void productsAndDifferencesShouldBeThoseOfTheElements() {
        check((at, n) -> Elementwise.multiply(x, y, out, at, at + n), (at, i) -> (double) x[i] * y[i]);
        check((at, n) -> Elementwise.subtract(x, y, out, at, at + n), (at, i) -> (double) x[i] - y[i]);
        check((at, n) -> Elementwise.subtract(x, 3, y, 1, out, at, n),
                (at, i) -> (double) x[3 + i - at] - y[1 + i - at]);
        check((at, n) -> Elementwise.multiply(x, 2, 0.3f, out, at, n), (at, i) -> x[2 + i - at] * (double) 0.3f);
    }

    @Test
    void sumsShouldBeAddedInPlace() {
        check((at, n) -> Elementwise.addTo(out, y, at, at + n), (at, i) -> UNTOUCHED + (double) y[i]);
        check((at, n) -> Elementwise.addScaled(0.3f, x, 4, out, at, n),
                (at, i) -> UNTOUCHED + 0.3f * (double) x[4 + i - at]);
    }
}
