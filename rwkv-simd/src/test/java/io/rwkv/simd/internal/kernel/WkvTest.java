package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.engine.StatePart;
import io.rwkv.simd.AtUsableWidth;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.Random;
import java.util.function.BiFunction;

/** The recurrences against their equations in double arithmetic. */
@AtUsableWidth
class WkvTest {
    private static final int TOKENS = 40;
    private static final int HEADS = 3;
    private static final double TOLERANCE = 2e-5;

    private static float[] random(int size, double scale, long seed) {
        Random random = new Random(seed);
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            x[i] = (float) (scale * random.nextGaussian());
        }
        return x;
    }

    /** From no decay at all to one that leaves nothing. */
    private static float[] logDecays(int size, long seed) {
        Random random = new Random(seed);
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            x[i] = switch (random.nextInt(10)) {
                case 0 -> 0;
                case 1 -> -150;
                default -> (float) -Math.exp(2 * random.nextGaussian() - 2);
            };
        }
        return x;
    }

    private static double[] doubles(float[] x) {
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i];
        }
        return y;
    }

    private static void assertNear(String what, double[] expected, float[] actual, int from, int to) {
        double largest = 1;
        for (double value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = from; i < to; i++) {
            assertEquals(expected[i], actual[i], TOLERANCE * largest, what + "[" + i + "]");
        }
    }

    /** out = Σ_i r_i s_i, then s_ij ← w_i s_ij + k_i v_j. */
    private static double[] twin6(float[] r, float[] k, float[] v, float[] logDecay, int head, int n, double[] s) {
        int channels = HEADS * n;
        double[] out = new double[TOKENS * channels];
        for (int t = 0; t < TOKENS; t++) {
            int row = t * channels + head * n;
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    int at = (head * n + i) * n + j;
                    out[row + j] += r[row + i] * s[at];
                    s[at] = Math.exp(logDecay[row + i]) * s[at] + (double) k[row + i] * v[row + j];
                }
            }
        }
        return out;
    }

    /** s_i ← w ⊙ s_i − (s_i · kk) add + v_i k, then out_i = s_i · r. */
    private static double[] twin7(float[] r, float[] logDecay, float[] k, float[] v, float[] kk, float[] add, int head,
            int n, double[] s) {
        int channels = HEADS * n;
        double[] out = new double[TOKENS * channels];
        for (int t = 0; t < TOKENS; t++) {
            int row = t * channels + head * n;
            for (int i = 0; i < n; i++) {
                int at = (head * n + i) * n;
                double removed = 0;
                for (int j = 0; j < n; j++) {
                    removed += s[at + j] * kk[row + j];
                }
                for (int j = 0; j < n; j++) {
                    s[at + j] = Math.exp(logDecay[row + j]) * s[at + j] - removed * add[row + j]
                            + (double) v[row + i] * k[row + j];
                    out[row + i] += s[at + j] * r[row + j];
                }
            }
        }
        return out;
    }

    /** A head's recurrence with these arrays of states, into an array of outputs. */
    private interface Kernel {
        void run(int head, float[] before, float[] after, float[] out);
    }

    /** Only one head's share of the arrays should change, and the state before only where it is the state after. */
    private static void check(int n, Kernel kernel, BiFunction<Integer, double[], double[]> twin) {
        int channels = HEADS * n;
        float[] start = random(HEADS * n * n, 1, 9);
        for (int head = 0; head < HEADS; head++) {
            double[] s = doubles(start);
            double[] expected = twin.apply(head, s);
            for (boolean same : new boolean[]{false, true}) {
                float[] before = start.clone();
                float[] after = same ? before : new float[start.length];
                float[] out = new float[TOKENS * channels];
                Arrays.fill(out, 7);
                kernel.run(head, before, after, out);
                for (int t = 0; t < TOKENS; t++) {
                    int row = t * channels;
                    for (int c = 0; c < channels; c++) {
                        if (c / n != head) {
                            assertEquals(7, out[row + c], "output of another head");
                        }
                    }
                    assertNear("output", expected, out, row + head * n, row + head * n + n);
                }
                assertNear("state", s, after, head * n * n, (head + 1) * n * n);
                for (int i = 0; i < start.length; i++) {
                    if (i / (n * n) != head) {
                        assertEquals(same ? start[i] : 0, after[i], "state of another head");
                    }
                }
                if (!same) {
                    assertArrayEquals(start, before, "state before");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 32, 8, 20, 1, 6, 7})
    void head6ShouldFollowTheEquation(int n) {
        int size = TOKENS * HEADS * n;
        float[] r = random(size, 1, 1);
        float[] k = random(size, 1, 2);
        float[] v = random(size, 1, 3);
        float[] w = logDecays(size, 4);
        check(n, (head, before, after, out) -> Wkv.head6(r, k, v, w, head, n, 0, TOKENS, HEADS * n, before, after, out,
                new float[n]),
                (head, s) -> twin6(r, k, v, w, head, n, s));
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 32, 8, 20, 1, 6, 7})
    void head7ShouldFollowTheEquation(int n) {
        int size = TOKENS * HEADS * n;
        float[] r = random(size, 1, 1);
        float[] k = random(size, 1, 2);
        float[] v = random(size, 1, 3);
        float[] w = logDecays(size, 4);
        // Of length one and below one, as in the model: otherwise the state grows without bound.
        float[] kk = random(size, 1 / Math.sqrt(n), 5);
        float[] add = new float[size];
        for (int at = 0; at < size; at += n) {
            double length = 0;
            for (int i = at; i < at + n; i++) {
                length += kk[i] * (double) kk[i];
            }
            for (int i = at; i < at + n; i++) {
                kk[i] /= (float) Math.sqrt(length);
                add[i] = 0.7f * kk[i];
            }
        }
        check(n,
                (head, before, after, out) -> Wkv.head7(r, w, k, v, kk, add, head, n, 0, TOKENS, HEADS * n, before,
                        after, out,
                        new float[n]),
                (head, s) -> twin7(r, w, k, v, kk, add, head, n, s));
    }

    /** With numbers so small that the plain quotient needs no exponent taken out. */
    private static double[] twin4(float[] k, float[] v, float[] decay, float[] bonus, int channels, double[] a,
            double[] b) {
        double[] out = new double[TOKENS * channels];
        for (int t = 0; t < TOKENS; t++) {
            for (int c = 0; c < channels; c++) {
                int i = t * channels + c;
                double now = Math.exp((double) k[i] + bonus[c]);
                out[i] = (a[c] + now * v[i]) / (b[c] + now);
                a[c] = Math.exp(decay[c]) * a[c] + Math.exp(k[i]) * v[i];
                b[c] = Math.exp(decay[c]) * b[c] + Math.exp(k[i]);
            }
        }
        return out;
    }

    private static void check4(int channels, boolean fresh, boolean same) {
        float[] k = random(TOKENS * channels, 3, 1);
        float[] v = random(TOKENS * channels, 1, 2);
        float[] decay = logDecays(channels, 3);
        float[] bonus = random(channels, 1, 4);
        float[][] before = {fresh ? new float[channels] : random(channels, 1, 5), new float[channels],
                new float[channels]};
        Arrays.fill(before[1], fresh ? 0 : 1.5f);
        Arrays.fill(before[2], fresh ? -1e38f : 2);
        double[] a = doubles(before[0]);
        double[] b = doubles(before[1]);
        for (int c = 0; c < channels; c++) {
            a[c] *= Math.exp(before[2][c]);
            b[c] *= Math.exp(before[2][c]);
        }
        double[] expected = twin4(k, v, decay, bonus, channels, a, b);
        float[][] start = {before[0].clone(), before[1].clone(), before[2].clone()};
        float[][] after = same ? before : new float[3][channels];
        float[] out = new float[TOKENS * channels];
        Wkv4 wkv = new Wkv4();
        for (int from = 0; from < channels; from += Wkv4.CHANNELS) {
            wkv.run(k, v, decay, bonus, from, Math.min(Wkv4.CHANNELS, channels - from), 0, TOKENS, channels,
                    StatePart.of(TOKENS, before[0], after[0]), StatePart.of(TOKENS, before[1], after[1]),
                    StatePart.of(TOKENS, before[2], after[2]), 0, out);
        }
        assertNear("output", expected, out, 0, out.length);
        for (int c = 0; c < channels; c++) {
            double scale = Math.exp(after[2][c]);
            assertEquals(1, after[1][c] * scale / b[c], TOLERANCE, "bb of channel " + c);
            assertEquals(a[c] / b[c], after[0][c] / (double) after[1][c], TOLERANCE, "aa of channel " + c);
        }
        if (!same) {
            assertArrayEquals(start[0], before[0]);
            assertArrayEquals(start[1], before[1]);
            assertArrayEquals(start[2], before[2]);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 24, 100, 128, 130, 300})
    void wkv4ShouldFollowTheEquation(int channels) {
        for (boolean fresh : new boolean[]{true, false}) {
            check4(channels, fresh, true);
            check4(channels, fresh, false);
        }
    }

    @Test
    void wkv4ShouldStandLargeKeys() {
        int channels = 20;
        float[] k = new float[2 * channels];
        float[] v = random(2 * channels, 1, 1);
        Arrays.fill(k, 0, channels, 1e4f);
        Arrays.fill(k, channels, 2 * channels, -1e4f);
        float[][] state = new float[3][channels];
        Arrays.fill(state[2], -1e38f);
        float[] out = new float[2 * channels];
        new Wkv4().run(k, v, new float[channels], new float[channels], 0, channels, 0, 2, channels,
                StatePart.of(1, state[0], state[0]), StatePart.of(1, state[1], state[1]),
                StatePart.of(1, state[2], state[2]), 0, out);
        for (int c = 0; c < channels; c++) {
            assertEquals(v[c], out[c], 1e-6, "the present token alone");
            assertEquals(v[c], out[channels + c], 1e-6, "the one before outweighs it");
            assertEquals(1e4f, state[2][c]);
        }
    }

    /** A weight of e^-∞ is 0, and nothing over nothing is no number. */
    @Test
    void wkv4ShouldMakeNoNumbersOfInfiniteKeys() {
        int channels = 21; // whole vectors and a rest
        for (float infinite : new float[]{Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY}) {
            float[] k = new float[channels];
            Arrays.fill(k, infinite);
            float[][] state = new float[3][channels];
            Arrays.fill(state[2], -1e30f);
            float[] out = new float[channels];
            new Wkv4().run(k, random(channels, 1, 1), new float[channels], new float[channels], 0, channels, 0, 1,
                    channels, StatePart.of(1, state[0], state[0]), StatePart.of(1, state[1], state[1]),
                    StatePart.of(1, state[2], state[2]), 0, out);
            for (int c = 0; c < channels; c++) {
                assertTrue(Float.isNaN(out[c]), infinite + ", channel " + c + ": " + out[c]);
            }
        }
    }
}
