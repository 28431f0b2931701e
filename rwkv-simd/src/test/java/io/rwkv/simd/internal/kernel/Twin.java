package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.fail;

import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.SimdActivations;
import io.rwkv.simd.internal.memory.StoredWeights;

import java.util.Random;

/** Products in double arithmetic, and comparisons with them. */
public final class Twin {
    /** Rounding errors of a product, as a share of the sum of its terms' magnitudes. */
    private static final double ROUNDING = 2e-6;

    private Twin() {
    }

    /** {@code x · wᵀ}, and the sums of the magnitudes of its terms. Both are [count, rows], x is [count, columns]. */
    public record Product(double[] values, double[] magnitudes) {}

    public static Product product(StoredWeights w, double[] x, int count) {
        double[] values = new double[count * w.rows()];
        double[] magnitudes = new double[count * w.rows()];
        for (int row = 0; row < w.rows(); row++) {
            for (int k = 0; k < w.columns(); k++) {
                double weight = w.at(row, k);
                for (int t = 0; t < count; t++) {
                    double term = weight * x[t * w.columns() + k];
                    values[t * w.rows() + row] += term;
                    magnitudes[t * w.rows() + row] += Math.abs(term);
                }
            }
        }
        return new Product(values, magnitudes);
    }

    /** What a product with these weights sees of the activations: with 4-bit weights, eight bits of them, with 8-bit, twenty. */
    public static double[] seen(Format format, float[] x) {
        double[] seen = new double[x.length];
        for (int k = 0; k < x.length; k++) {
            seen[k] = x[k];
        }
        for (int block = 0; format.hasBlocks() && block < x.length; block += 32) {
            double unit = most(x, block) / (format == Format.Q4_0 ? 127 : 524287);
            for (int k = block; k < block + 32; k++) {
                seen[k] = unit == 0 ? 0 : unit * Math.floor(x[k] / unit + 0.5);
            }
        }
        return seen;
    }

    /** The largest of a block of activations. */
    private static double most(float[] x, int block) {
        double most = 0;
        for (int k = block; k < block + 32; k++) {
            most = Math.max(most, Math.abs(x[k]));
        }
        // So small that nobody can tell it from zero, and documented to be taken for it.
        return most < 0x1p-100 ? 0 : most;
    }

    /** Activations, none of which is rounded one way in single precision and the other way in double. */
    public static float[] activations(int size, double scale, long seed) {
        Random random = new Random(seed);
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            x[i] = (float) (scale * random.nextGaussian());
        }
        for (int block = 0; block + 32 <= size; block += 32) {
            double unit = most(x, block) / 127;
            for (int k = block; k < block + 32; k++) {
                double units = x[k] / unit;
                if (unit > 0 && Math.abs(units - Math.floor(units) - 0.5) < 1e-3) {
                    x[k] = 0;
                }
            }
        }
        return x;
    }

    public static void assertProduct(String what, Product expected, float[] actual) {
        for (int i = 0; i < expected.values.length; i++) {
            double error = Math.abs(expected.values[i] - actual[i]);
            // Written so that NaN fails.
            if (!(error <= ROUNDING * expected.magnitudes[i] + Float.MIN_NORMAL)) {
                fail(what + "[" + i + "]: expected " + expected.values[i] + ", found " + actual[i] + ", magnitude "
                        + expected.magnitudes[i]);
            }
        }
    }

    public static SimdActivations of(int rows, int columns, float... values) {
        SimdActivations x = new SimdActivations();
        x.rows = rows;
        x.columns = columns;
        x.values = values;
        return x;
    }
}
