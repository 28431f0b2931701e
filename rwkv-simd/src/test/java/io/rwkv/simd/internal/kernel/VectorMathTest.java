package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.simd.AtUsableWidth;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Arrays;
import java.util.Random;

/** Against {@link Math} in double precision. */
@AtUsableWidth
class VectorMathTest {
    private static final float[] EXTREME = {Float.NEGATIVE_INFINITY, -Float.MAX_VALUE, -1e30f, -1e10f, -1000, -104, -89,
            -88.8f, -87.4f, -86.5f,
            86.5f, 87.4f, 88, 88.8f, 89, 104, 1000, 1e10f, 1e30f, Float.MAX_VALUE, Float.POSITIVE_INFINITY};

    private static double exact(Nonlinearity f, double x) {
        return switch (f) {
            case IDENTITY -> x;
            case TANH -> Math.tanh(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case DECAY7 -> -0.606531f / (1 + Math.exp(-x));
            case SILU -> x / (1 + Math.exp(-x));
            case SQUARED_RELU -> x > 0 ? x * x : 0;
            case MINUS_EXP -> -Math.exp(x);
        };
    }

    /** Largest relative error in units of 2⁻²⁴, half a unit in the last place at most. Measured, and rounded up. */
    private static double bound(Nonlinearity f) {
        return switch (f) {
            case IDENTITY -> 0;
            case SQUARED_RELU -> 1;
            case MINUS_EXP -> 2;
            case SIGMOID, DECAY7 -> 3;
            case SILU -> 4;
            case TANH -> 16; // where its series ends, at 1/8
        };
    }

    private static float[] applied(Nonlinearity f, float[] x) {
        float[] out = new float[x.length];
        VectorMath.apply(f, x, out, 0, x.length);
        return out;
    }

    /** A dense grid and random numbers, one in eight of them small. */
    private static float[] numbers(double most) {
        float[] x = new float[1 << 18];
        Random random = new Random(1);
        for (int i = 0; i < x.length; i++) {
            double share = i % 2 == 0 ? (double) i / x.length : random.nextDouble();
            x[i] = (float) (most * (2 * share - 1));
            if (i % 8 == 3) {
                x[i] = Math.scalb(x[i], -random.nextInt(40));
            }
        }
        return x;
    }

    private static void assertNear(Nonlinearity f, float x, float y) {
        double exact = exact(f, x);
        // Written so that NaN fails.
        if (!(Math.abs(exact - y) <= bound(f) * 0x1p-24 * Math.abs(exact))) {
            fail(f + " of " + x + ": expected " + exact + ", found " + y + ", "
                    + Math.abs(y / exact - 1) * 0x1p24 + " · 2^-24 away");
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeWithinAFewUnitsInTheLastPlace(Nonlinearity f) {
        for (double most : new double[]{86, 1, 17, 0.15}) {
            float[] x = numbers(most);
            float[] y = applied(f, x);
            for (int i = 0; i < x.length; i++) {
                assertNear(f, x[i], y[i]);
            }
        }
        for (float x : numbers(86)) {
            assertNear(f, x, VectorMath.apply(f, x));
        }
    }

    @Test
    void expShouldBeWithinAUnitInTheLastPlace() {
        float[] x = numbers(86);
        float[] y = new float[x.length];
        VectorMath.exp(x, 0, 1, y, 0, x.length);
        for (int i = 0; i < x.length; i++) {
            assertEquals(Math.exp(x[i]), y[i], 2 * 0x1p-24 * Math.exp(x[i]), "e^" + x[i]);
        }
    }

    /** How far from the limit a function may stay, for numbers of 86 and more. */
    private static double slack(Nonlinearity f, double x) {
        return switch (f) {
            case SILU -> x < 0 ? Math.max(1e-35, 1e-38 * -x) : 1e-6 * x;
            case MINUS_EXP -> x < 0 ? 4e-38 : x < 88 ? 1e-6 * Math.exp(x) : Double.POSITIVE_INFINITY;
            default -> 4e-38;
        };
    }

    @ParameterizedTest
    @EnumSource
    void largeNumbersShouldReachTheLimits(Nonlinearity f) {
        for (float x : EXTREME) {
            float[] many = new float[21];
            Arrays.fill(many, x);
            for (float y : applied(f, many)) {
                float exact = (float) exact(f, x);
                if (f == Nonlinearity.SILU && x == Float.NEGATIVE_INFINITY) {
                    continue; // −∞ · 0
                }
                assertTrue(y == exact || Math.abs((double) y - exact) <= slack(f, x), f + " of " + x + ": " + y);
                if (f == Nonlinearity.MINUS_EXP && x >= 88) {
                    assertTrue(y <= -1.6e38f, f + " of " + x + ": " + y);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nanShouldStayNan(Nonlinearity f) {
        for (int bits : new int[]{0x7FC00000, 0xFFC00000, 0x7FC00001, 0x7F800001, 0x7FFFFFFF, 0xFFABCDEF}) {
            float[] x = new float[21];
            Arrays.fill(x, Float.intBitsToFloat(bits));
            for (int round = 0; round < 2000; round++) {
                float[] y = applied(f, x);
                for (int i = 0; i < y.length; i++) {
                    assertTrue(Float.isNaN(y[i]), f + " of the NaN " + Integer.toHexString(bits) + ": " + y[i]);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void anyRangeShouldDo(Nonlinearity f) {
        float[] x = numbers(5);
        for (int from = 0; from < 5; from++) {
            for (int count = 0; count < 40; count++) {
                float[] out = new float[60];
                VectorMath.apply(f, x, out, from, from + count);
                assertArrayEquals(numbers(5), x, "input");
                for (int i = 0; i < 60; i++) {
                    if (i >= from && i < from + count) {
                        assertNear(f, x[i], out[i]);
                    } else {
                        assertEquals(0, out[i]);
                    }
                }
                expOfARangeShouldDo(x, from, count);
            }
        }
    }

    private static void expOfARangeShouldDo(float[] x, int from, int count) {
        float[] out = new float[60];
        VectorMath.exp(x, from, -2, out, 3, count);
        float[] same = Arrays.copyOf(x, 60);
        VectorMath.exp(same, from, -2, same, from, count);
        for (int i = 0; i < 60; i++) {
            boolean within = i >= 3 && i < 3 + count;
            float exact = within ? (float) Math.exp(-2 * x[from + i - 3]) : 0;
            assertEquals(exact, out[i], 1.5e-7f * exact);
            if (within) {
                assertEquals(out[i], same[from + i - 3], "in place");
            }
        }
    }
}
