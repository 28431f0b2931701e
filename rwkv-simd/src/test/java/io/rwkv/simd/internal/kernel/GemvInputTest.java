package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.simd.AtUsableWidth;
import io.rwkv.simd.internal.memory.Format;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Arrays;

/** Which columns a kernel is told to read, and what to multiply them by. */
@AtUsableWidth
class GemvInputTest {
    private static final int N = 320;

    private static float[] vector() {
        float[] x = new float[3 + N];
        Arrays.fill(x, 0, 3, 77);
        x[3] = 1;
        x[3 + 7] = -0x1p-149f;
        x[3 + 33] = Float.NaN;
        x[3 + 50] = -0f;
        x[3 + 95] = 2;
        return x;
    }

    private static float factor(Format format, GemvInput input, int i, int chunk) {
        return switch (format) {
            case F32, F16, BF16 -> input.floats[input.at + i];
            case Q8_0 -> input.ints[i] * input.scales[chunk];
            case Q4_0 -> input.shorts[i] * input.scales[chunk];
        };
    }

    /** The vector as the listed columns and their factors give it. */
    private static float[] seen(Format format, GemvInput input) {
        float[] seen = new float[N];
        int[] offsets = format.offsets(N);
        assertEquals(0, input.starts[0]);
        for (int chunk = 0; chunk < input.chunks; chunk++) {
            if (format.hasBlocks()) {
                assertEquals(0, (input.starts[chunk + 1] - input.starts[chunk]) % 2, "an odd number of block " + chunk);
            }
            for (int i = input.starts[chunk]; i < input.starts[chunk + 1]; i++) {
                int column = Arrays.binarySearch(offsets, 0, N, input.offsets[i]);
                if (format.hasBlocks()) {
                    assertEquals(chunk, column / format.chunk(), "the block of column " + column);
                }
                seen[column] += factor(format, input, i, chunk);
            }
        }
        return seen;
    }

    @ParameterizedTest
    @EnumSource
    void onlyZerosShouldBeSkipped(Format format) {
        GemvInput input = new GemvInput();
        assertEquals(N - 4, input.fill(format, vector(), 3, N, true));
        float[] seen = seen(format, input);
        // Of blocks, the smallest number is rounded to zero, and one NaN makes a block so.
        float[] expected = new float[N];
        expected[0] = 1;
        expected[7] = format.hasBlocks() ? 0 : -0x1p-149f;
        expected[33] = Float.NaN;
        expected[95] = 2;
        assertArrayEquals(expected, seen);
        assertTrue(input.skipping);
        assertEquals(0, input.fill(format, vector(), 3, N, false));
        assertFalse(input.skipping);
        float[] all = seen(format, input);
        assertEquals(N, input.starts[input.chunks]);
        assertEquals(1, all[0]);
        assertEquals(2, all[95]);
        assertEquals(Float.NaN, all[33]);
    }

    @ParameterizedTest
    @EnumSource
    void fewZerosShouldNotBeSkipped(Format format) {
        float[] x = new float[N];
        for (int k = 0; k < N; k += 3) {
            x[k] = 1 + k % 96;
        }
        GemvInput input = new GemvInput();
        assertEquals(0, input.fill(format, x, 0, N, true));
        assertFalse(input.skipping);
        assertArrayEquals(x, seen(format, input), 0.4f);
    }

    @ParameterizedTest
    @EnumSource
    void earlierVectorsShouldLeaveNoTrace(Format format) {
        GemvInput input = new GemvInput();
        float[] large = Twin.activations(640, 1, 1);
        float[] small = Twin.activations(3 + N, 1, 2);
        for (boolean before : new boolean[]{false, true}) {
            for (boolean after : new boolean[]{false, true}) {
                GemvInput fresh = new GemvInput();
                fresh.fill(format, small, 3, N, after);
                float[] expected = seen(format, fresh);
                input.fill(format, large, 0, 640, before);
                input.fill(format, small, 3, N, after);
                assertArrayEquals(expected, seen(format, input));
                for (int block = 0; format.hasBlocks() && block < N / 32; block++) {
                    assertEquals(fresh.corrections[block], input.corrections[block]);
                }
            }
        }
    }
}
