package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.simd.AtUsableWidth;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.Lanes;
import io.rwkv.simd.internal.memory.StoredWeights;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.util.Arrays;

/** Products with many vectors against double arithmetic, panel after panel. */
@AtUsableWidth
class GemmTest {
    private static final int[] TOKENS = {1, 2, 3, 5, 6, 7, 13, 64};
    private static final int[] PLAIN_COLUMNS = {1, 100, 1024, 1025, 2080};
    private static final int[] BLOCK_COLUMNS = {32, 1024, 1056, 2080};
    private static final int STRIDE = 8 * Lanes.L + 6;
    private static final int TO = 5;

    private static void check(StoredWeights w, int tokens) {
        // Of activations that meet 4-bit weights, Products has rounded ones here.
        float[] x = Twin.activations(tokens * w.columns(), 1, 2);
        Twin.Product expected = Twin.product(w, Twin.seen(Format.F32, x), tokens);
        try (Arena arena = Arena.ofConfined()) {
            float[] y = new float[tokens * STRIDE];
            Arrays.fill(y, 7);
            Gemm.tile(w.tiled(false, arena), 0, x, tokens, y, TO, STRIDE, new float[Gemm.PANEL]);
            float[] values = new float[tokens * w.rows()];
            for (int t = 0; t < tokens; t++) {
                for (int i = 0; i < STRIDE; i++) {
                    if (i >= TO && i < TO + w.rows()) {
                        values[t * w.rows() + i - TO] = y[t * STRIDE + i];
                    } else {
                        assertEquals(7, y[t * STRIDE + i], "beside the tile");
                    }
                }
            }
            Twin.assertProduct(w.format() + ", " + tokens + " × " + w.columns(), expected, values);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeTheProductForAnyNumberOfTokens(Format format) {
        for (int columns : format.blockColumns() == 1 ? PLAIN_COLUMNS : BLOCK_COLUMNS) {
            StoredWeights w = StoredWeights.random(format, format.rows(), columns, 1);
            for (int tokens : TOKENS) {
                if (tokens < 64 || columns == 2080) {
                    check(w, tokens);
                }
            }
        }
    }
}
