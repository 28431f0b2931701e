package io.rwkv.simd.internal.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.simd.AtUsableWidth;
import io.rwkv.simd.internal.kernel.GemvTest;
import io.rwkv.simd.internal.kernel.Twin;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.SimdActivations;
import io.rwkv.simd.internal.memory.StoredWeights;
import io.rwkv.simd.internal.memory.TiledMatrix;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Several products at once, shared by a team, against double arithmetic. */
@AtUsableWidth
class ProductsTest {
    private static final int[] ROWS = {1, 37, 64, 130, 900};
    private static final int[] TOKENS = {1, 2, 3, 4, 5, 6, 7, 64};

    private final Arena arena = Arena.ofShared();
    private final SkippedUnits skipped = new SkippedUnits();
    private final ThreadTeam team = new ThreadTeam(2);
    private final Products products = new Products(team, skipped);

    @AfterEach
    void close() {
        team.close();
        arena.close();
    }

    private SimdActivations product(TiledMatrix m, SimdActivations x) {
        SimdActivations y = Twin.of(x.rows, m.rows(), new float[x.rows * m.rows()]);
        products.add(m, x, y);
        products.run();
        return y;
    }

    private static SimdActivations activations(int tokens, int columns, long seed) {
        return Twin.of(tokens, columns, Twin.activations(tokens * columns, 1, seed));
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeTheProductForAnySize(Format format) {
        for (int rows : ROWS) {
            for (int columns : GemvTest.columns(format)) {
                StoredWeights w = StoredWeights.random(format, rows, columns, 1);
                TiledMatrix m = w.tiled(false, arena);
                for (int tokens : new int[]{1, 3, 5}) {
                    SimdActivations x = activations(tokens, columns, 2);
                    Twin.Product expected = Twin.product(w, Twin.seen(format, x.values), tokens);
                    Twin.assertProduct(format + " " + rows + " × " + columns + ", " + tokens + " tokens", expected,
                            product(m, x).values);
                }
            }
        }
    }

    /** What each of these rows gives among so many that are all the same. */
    private float[] each(TiledMatrix m, float[] rows, int tokens, int among) {
        float[] y = new float[tokens * m.rows()];
        for (int t = 0; t < tokens; t++) {
            float[] same = new float[among * m.columns()];
            for (int i = 0; i < among; i++) {
                System.arraycopy(rows, t * m.columns(), same, i * m.columns(), m.columns());
            }
            System.arraycopy(product(m, Twin.of(among, m.columns(), same)).values, 0, y, t * m.rows(), m.rows());
        }
        return y;
    }

    @ParameterizedTest
    @EnumSource
    void aRowShouldGiveTheSameBitsWhateverStandsBesideIt(Format format) {
        for (int columns : format.hasBlocks() ? new int[]{96, 544} : new int[]{1, 61, 523}) {
            for (boolean sparse : new boolean[]{false, true}) {
                TiledMatrix m = StoredWeights.random(format, 133, columns, 3).tiled(sparse, arena);
                float[] all = Twin.activations(40 * columns, 1, 4);
                for (int i = 0; sparse && i < all.length; i++) {
                    all[i] = i * 37 % 384 < 30 ? all[i] : 0;
                }
                float[] alone = each(m, all, 40, 1);
                // Few rows of 8-bit weights are rounded, more are not.
                float[] amongMany = format == Format.Q8_0 ? each(m, all, 40, 5) : alone;
                for (int tokens = 1; tokens <= 40; tokens++) {
                    float[] y = product(m, Twin.of(tokens, columns, Arrays.copyOf(all, tokens * columns))).values;
                    assertArrayEquals(Arrays.copyOf(tokens < 5 ? alone : amongMany, tokens * 133), y,
                            format + ", " + tokens + " × " + columns + ", sparse " + sparse);
                }
            }
        }
    }

    @Test
    void rowsOfEightBitWeightsShouldGiveWhatEachGivesAloneButForRounding() {
        StoredWeights w = StoredWeights.random(Format.Q8_0, 130, 544, 3);
        TiledMatrix m = w.tiled(false, arena);
        for (int tokens : TOKENS) {
            SimdActivations all = activations(tokens, 544, 4);
            float[] together = product(m, all).values;
            for (int t = 0; t < tokens; t++) {
                float[] one = Arrays.copyOfRange(all.values, t * 544, (t + 1) * 544);
                double[] magnitudes = Twin.product(w, Twin.seen(Format.Q8_0, one), 1).magnitudes();
                float[] alone = product(m, Twin.of(1, 544, one)).values;
                for (int i = 0; i < alone.length; i++) {
                    assertEquals(alone[i], together[t * 130 + i], 2e-6 * magnitudes[i],
                            "token " + t + " of " + tokens + ", row " + i);
                }
            }
        }
    }

    /** A call that fails part-way leaves some behind. */
    @Test
    void whatIsDroppedShouldNotBeComputed() {
        TiledMatrix m = StoredWeights.random(Format.F32, 70, 96, 5).tiled(false, arena);
        SimdActivations left = Twin.of(1, 70, new float[70]);
        products.add(m, activations(1, 96, 6), left);
        products.drop();
        SimdActivations x = activations(1, 96, 7);
        float[] once = product(m, x).values;
        assertArrayEquals(new float[70], left.values);
        assertArrayEquals(product(m, x).values, once);
    }

    /** Another product of the same run, or the caller, may need them as they are. */
    @ParameterizedTest
    @EnumSource
    void inputsShouldStayAsTheyAre(Format format) {
        TiledMatrix m = StoredWeights.random(format, 70, 96, 5).tiled(false, arena);
        for (int tokens : new int[]{1, 2, 9}) {
            SimdActivations x = activations(tokens, 96, 6);
            float[] before = x.values.clone();
            product(m, x);
            assertArrayEquals(before, x.values, format + ", " + tokens + " tokens");
        }
    }

    @Test
    void oneRunShouldDoProductsOfAllKinds() {
        for (int tokens : new int[]{1, 5}) {
            List<StoredWeights> weights = new ArrayList<>();
            List<SimdActivations> outputs = new ArrayList<>();
            SimdActivations shared = activations(tokens, 96, 7);
            float[] values = shared.values.clone();
            for (int i = 0; i < 23; i++) {
                Format format = Format.values()[i % 5];
                StoredWeights w = StoredWeights.random(format, 1 + 31 * i % 200, 96, i);
                weights.add(w);
                SimdActivations y = Twin.of(tokens, w.rows(), new float[tokens * w.rows()]);
                outputs.add(y);
                products.add(w.tiled(false, arena), shared, y);
            }
            products.run();
            for (int i = 0; i < weights.size(); i++) {
                StoredWeights w = weights.get(i);
                Twin.assertProduct("product " + i, Twin.product(w, Twin.seen(w.format(), values), tokens),
                        outputs.get(i).values);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void skippingShouldChangeNothing(Format format) {
        StoredWeights w = StoredWeights.random(format, 130, 768, 8);
        TiledMatrix skipping = w.tiled(true, arena);
        TiledMatrix plain = w.tiled(false, arena);
        for (double density : new double[]{0, 0.005, 0.01, 0.7, 1}) {
            float[] values = Twin.activations(768, 1, 9);
            for (int k = 0; k < 768; k++) {
                values[k] = k * 37 % 384 < 384 * density ? values[k] : 0;
            }
            SimdActivations x = Twin.of(1, 768, values);
            assertArrayEquals(product(plain, x).values, product(skipping, x).values, format + ", " + density);
        }
        // Skipped are the zeros of the first three of the five vectors: all, 99.5 % and 99 %.
        double share = skipped.share().orElseThrow();
        assertTrue(share > 0.58 && share < 0.6, "share " + share);
        float[] zeros = new float[768];
        float[] y = product(skipping, Twin.of(1, 768, zeros)).values;
        assertArrayEquals(new float[130], y);
    }

    @Test
    void outputsOfEarlierRunsShouldLeaveNoTrace() {
        for (Format format : Format.values()) {
            StoredWeights w = StoredWeights.random(format, 70, 96, 10);
            TiledMatrix m = w.tiled(false, arena);
            for (int tokens : new int[]{64, 1, 3}) {
                SimdActivations x = activations(tokens, 96, tokens);
                SimdActivations y = Twin.of(tokens, 70, new float[tokens * 70]);
                Arrays.fill(y.values, Float.NaN);
                products.add(m, x, y);
                products.run();
                Twin.assertProduct(format + ", " + tokens,
                        Twin.product(w, Twin.seen(format, x.values), tokens), y.values);
            }
        }
    }
}
