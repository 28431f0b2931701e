package io.rwkv.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.MatrixUse;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.internal.model.Engines;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.simd.internal.kernel.Twin;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.HeapTensor;
import io.rwkv.simd.internal.memory.StoredWeights;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;

/** Weights that are infinite or NaN: computed with as float32 does, or refused by name, but never taken for numbers. */
@AtUsableWidth
class NonFiniteTest {
    private static final int PATTERNS = 1 << 16;
    private static final EngineOptions OPTIONS = EngineOptions.builder().threads(2).build();

    private static Engine engine(String name, EngineOptions options) {
        return Engines.create(name, options);
    }

    /** Products with each row of x: [rows of x, rows of weights]. */
    private static float[] product(Engine engine, StoredTensor weights, MatrixUse use, float[] x) {
        int columns = (int) weights.length(1);
        int count = x.length / columns;
        int[] tokens = new int[count];
        Arrays.setAll(tokens, t -> t);
        float[] out = new float[count * (int) weights.length(0)];
        try (Ops ops = engine.ops()) {
            StoredTensor table = new HeapTensor("x", new long[]{count, columns}, x);
            ops.read(ops.linear(engine.matrix(weights, use), ops.embed(table, tokens, 0, count)), out, 0);
        }
        return out;
    }

    private static boolean finite(int half) {
        return (half & 0x7C00) != 0x7C00;
    }

    /** [size, size], with ones on its diagonal. */
    private static float[] identity(int size) {
        float[] x = new float[size * size];
        for (int i = 0; i < size; i++) {
            x[i * size + i] = 1;
        }
        return x;
    }

    @Test
    void everyHalfPrecisionNumberShouldMeanTheSameToBothEngines() {
        StoredWeights all = StoredWeights.zero(Format.F16, PATTERNS, 1);
        StoredWeights finite = StoredWeights.zero(Format.F16, PATTERNS, 1);
        for (int bits = 0; bits < PATTERNS; bits++) {
            all.bytes().putShort(2 * bits, (short) bits);
            finite.bytes().putShort(2 * bits, (short) (finite(bits) ? bits : 0));
        }
        try (Engine nd4j = engine("nd4j", OPTIONS); Engine simd = engine("simd", OPTIONS)) {
            for (int count : new int[]{1, 3, 9}) {
                float[] x = new float[count];
                Arrays.fill(x, 1);
                float[] expected = product(nd4j, all.mapped(), MatrixUse.GENERAL, x);
                float[] found = product(simd, finite.mapped(), MatrixUse.GENERAL, x);
                for (int i = 0; i < expected.length; i++) {
                    int bits = i % PATTERNS;
                    String what = "bits " + bits + " of " + count + " rows";
                    assertEquals(Float.float16ToFloat((short) bits) + 0f, expected[i] + 0f, "nd4j, " + what);
                    assertEquals(finite(bits) ? expected[i] + 0f : 0, found[i] + 0f, "simd, " + what);
                }
            }
        }
    }

    @Test
    void halfPrecisionNumbersThatAreNotFiniteShouldBeRefused() {
        int columns = 37; // eight words of four, one of the fourth, and one more
        for (int bits = 0; bits < PATTERNS; bits++) {
            if (finite(bits)) {
                continue;
            }
            StoredWeights w = StoredWeights.random(Format.F16, 3, columns, bits);
            int column = bits % columns;
            w.bytes().putShort(2 * (2 * columns + column), (short) bits);
            try (Arena arena = Arena.ofConfined()) {
                String said = assertThrows(ArithmeticException.class, () -> w.tiled(false, arena)).getMessage();
                assertEquals("row 2, column " + column + ": expected a finite weight, found "
                        + Float.float16ToFloat((short) bits), said);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void everyFiniteScaleShouldMeanTheSameToBothEngines(Format format) {
        int rows = 1984;
        StoredWeights w = StoredWeights.zero(format, rows, 1024);
        w.quants(-3);
        int blockBytes = format.dtype().blockBytes();
        int block = 0;
        for (int bits = 0; bits < PATTERNS; bits++) {
            if (finite(bits)) {
                w.bytes().putShort(block++ * blockBytes, (short) bits);
            }
        }
        assertEquals(w.bytes().capacity(), block * blockBytes);
        float[] x = new float[32 * 1024];
        for (int t = 0; t < 32; t++) {
            x[t * 1024 + 32 * t + t] = 127; // what is rounded to 8 bits, too, stays
        }
        try (Engine nd4j = engine("nd4j", OPTIONS); Engine simd = engine("simd", OPTIONS)) {
            float[] expected = product(nd4j, w.mapped(), MatrixUse.GENERAL, x);
            float[] many = product(simd, w.mapped(), MatrixUse.GENERAL, x);
            for (int t = 0; t < 32; t++) {
                float[] one = product(simd, w.mapped(), MatrixUse.GENERAL,
                        Arrays.copyOfRange(x, t * 1024, (t + 1) * 1024));
                for (int row = 0; row < rows; row++) {
                    double exact = 127 * w.at(row, 32 * t + t);
                    double error = 1e-6 * Math.abs(exact);
                    assertEquals(exact, expected[t * rows + row], error, "nd4j");
                    assertEquals(exact, many[t * rows + row], error, "many rows");
                    assertEquals(exact, one[row], error, "one row");
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void scalesThatAreNotFiniteShouldBeRefused(Format format) {
        int blockBytes = format.dtype().blockBytes();
        for (int bits = 0; bits < PATTERNS; bits++) {
            if (finite(bits)) {
                continue;
            }
            StoredWeights w = StoredWeights.random(format, 3, 96, bits);
            int block = bits % 9;
            w.bytes().putShort(block * blockBytes, (short) bits);
            try (Arena arena = Arena.ofConfined()) {
                String said = assertThrows(ArithmeticException.class, () -> w.tiled(false, arena)).getMessage();
                assertEquals("row " + block / 3 + ", block " + block % 3 + ": expected a finite scale, found "
                        + Float.float16ToFloat((short) bits), said);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "Q8_0", "Q4_0"})
    void whatTheFileHoldsShouldBeTheFilesFaultWhateverWasAskedFor(String type) {
        Format format = Format.valueOf(type);
        StoredWeights w = StoredWeights.random(format, 96, 96, 1);
        int at = w.bytes().capacity() / 2;
        w.bytes().putShort(at, (short) 0xFC00);
        for (Precision precision : new Precision[]{Precision.AS_STORED, Precision.valueOf(type)}) {
            String said = assertThrows(RwkvFormatException.class,
                    () -> WideGolden.with("blocks.1.att.key.weight", w.mapped(),
                            RwkvOptions.builder().precision(precision).build()))
                    .getMessage();
            assertTrue(said.contains(".safetensors, tensor weights: row 48, ") && said.endsWith(", found -Infinity"),
                    said);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void otherFormatsShouldComputeAsFloatsDo(Format format) {
        int rows = 70;
        int columns = 100;
        float[] odd = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
        StoredWeights w = StoredWeights.random(format, rows, columns, 2);
        Random random = new Random(3);
        for (int row = 0; row < rows; row += 2) {
            int bits = Float.floatToRawIntBits(odd[row / 2 % 3]);
            int at = row * columns + random.nextInt(columns);
            if (format == Format.F32) {
                w.bytes().putInt(4 * at, bits);
            } else {
                w.bytes().putShort(2 * at, (short) (bits >>> 16));
            }
        }
        float[] values = w.mapped().toFloats();
        StoredTensor converted = new HeapTensor("w", format.dtype(), new long[]{rows, columns}, values);
        float[] dense = Twin.activations(9 * columns, 1, 4);
        float[] sparse = new float[columns];
        sparse[7] = 1;
        sparse[93] = 2;
        try (Engine nd4j = engine("nd4j", OPTIONS); Engine simd = engine("simd", OPTIONS)) {
            for (MatrixUse use : MatrixUse.values()) {
                for (float[] x : new float[][]{dense, Arrays.copyOf(dense, columns), sparse}) {
                    float[] expected = product(nd4j, w.mapped(), use, x);
                    for (StoredTensor stored : new StoredTensor[]{w.mapped(), converted}) {
                        float[] found = product(simd, stored, use, x);
                        for (int i = 0; i < expected.length; i++) {
                            assertEquals(expected[i], found[i], 1e-3f, use + ", " + i);
                            assertEquals(i % rows % 2 == 0, !Float.isFinite(found[i]), use + ", " + i);
                        }
                    }
                }
            }
        }
    }

    @Test
    void numbersThatBfloatsWouldMakeInfiniteShouldBeRefused() {
        float[] values = new float[64];
        values[40] = -0x1.FEFFFEp127f;
        try (Engine simd = engine("simd", EngineOptions.builder().precision(Precision.BF16).threads(1).build())) {
            StoredTensor held = new HeapTensor("w", new long[]{2, 32}, values);
            assertEquals(-0x1.FEp127f, product(simd, held, MatrixUse.GENERAL, identity(32))[17]);
            values[40] = -0x1.FFp127f;
            assertEquals("precision: tensor w, row 1: expected weights that BF16 can hold, found " + values[40],
                    assertThrows(IllegalArgumentException.class, () -> simd.matrix(held, MatrixUse.GENERAL))
                            .getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void weightsWhoseScaleIsBeyondHalfPrecisionShouldBeNamed(Format format) {
        float[] values = new float[64];
        values[40] = 1e8f;
        try (Engine simd = engine("simd",
                EngineOptions.builder().precision(Precision.valueOf(format.name())).threads(1).build())) {
            String said = assertThrows(IllegalArgumentException.class,
                    () -> simd.matrix(new HeapTensor("w", new long[]{2, 32}, values), MatrixUse.GENERAL)).getMessage();
            assertTrue(said.startsWith("precision: tensor w, row 1: expected values that a block's half-precision scale"
                    + " can hold"), said);
        }
    }

    @ParameterizedTest
    @EnumSource
    void infiniteActivationsShouldNeverBecomeNumbers(Format format) {
        StoredWeights w = StoredWeights.random(format, 64, 96, 8);
        try (Engine simd = engine("simd", OPTIONS)) {
            for (int count : new int[]{1, 7}) {
                float[] x = Twin.activations(96 * count, 1, 9);
                x[40] = Float.POSITIVE_INFINITY;
                float[] y = product(simd, w.mapped(), MatrixUse.GENERAL, x);
                for (int row = 0; row < 64; row++) {
                    // Infinite only with the right sign.
                    double exact = Float.POSITIVE_INFINITY * w.at(row, 40);
                    assertTrue(Float.isNaN(y[row]) || y[row] == exact, row + ": " + y[row] + ", exactly " + exact);
                }
            }
        }
    }
}
