package io.rwkv.simd;

import static io.rwkv.simd.Lanes.FLOATS;
import static io.rwkv.simd.Lanes.L;
import static io.rwkv.simd.Lanes.PASS;
import static io.rwkv.simd.Lanes.QUARTER_BYTES;
import static io.rwkv.simd.Lanes.SHORTS;
import static io.rwkv.simd.NativeMemory.ALL;
import static io.rwkv.simd.NativeMemory.LITTLE;
import static io.rwkv.simd.TiledMatrix.TILE;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Products of one tile of block-quantised weights with one vector. */
final class BlockGemv {
    /** Columns per block. */
    static final int BLOCK = 32;

    private BlockGemv() {
    }

    /**
     * As {@link PlainGemv#f32}. Weights are widened to float32 in registers, so that nothing is lost but what quantising the
     * weights has lost.
     */
    static void q8(long w, float[] x, int at, int n, float[] y, int to, int step) {
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            long block = w;
            for (int k = at; k < at + n; k += BLOCK) {
                FloatVector a = FloatVector.zero(FLOATS);
                FloatVector b = a;
                FloatVector c = a;
                FloatVector d = a;
                long p = block + 2 * TILE + row;
                for (int j = 0; j < BLOCK; j += step) {
                    FloatVector v = FloatVector.broadcast(FLOATS, x[k + j]);
                    a = bytes(p).fma(v, a);
                    b = bytes(p + L).fma(v, b);
                    c = bytes(p + 2 * L).fma(v, c);
                    d = bytes(p + 3 * L).fma(v, d);
                    p += TILE;
                }
                long scales = block + 2 * row;
                s0 = a.fma(PlainGemv.halves(scales), s0);
                s1 = b.fma(PlainGemv.halves(scales + 2 * L), s1);
                s2 = c.fma(PlainGemv.halves(scales + 4 * L), s2);
                s3 = d.fma(PlainGemv.halves(scales + 6 * L), s3);
                block += (2 + BLOCK) * TILE;
            }
            s0.intoArray(y, to + row);
            s1.intoArray(y, to + row + L);
            s2.intoArray(y, to + row + 2 * L);
            s3.intoArray(y, to + row + 3 * L);
        }
    }

    /** L signed bytes at an address. */
    static FloatVector bytes(long p) {
        return (FloatVector) ByteVector.fromMemorySegment(QUARTER_BYTES, ALL, p, LITTLE)
                .convertShape(VectorOperators.B2F, FLOATS, 0);
    }

    /**
     * In 16-bit arithmetic with a vector rounded to 8 bits ({@link RoundedVector}). A number n₀ + 16 n₁ + 256 n₂ + 4096 n₃
     * of four weights is not taken apart: shifting it right leaves n₁ + 16 n₂ + …, and what is too much in one product is
     * taken off the next one's factor. All of that is exact modulo 2¹⁶, and the sum of a block fits 16 bits.
     */
    static void q4(long w, RoundedVector x, int n, float[] y, int to, int step) {
        int four = 4 * step;
        short[] factors = x.factors;
        // As vectors: the JVM has no shift of 16-bit lanes by a constant, and would make the constant anew for each.
        ShortVector by4 = ShortVector.broadcast(SHORTS, 4);
        ShortVector by8 = ShortVector.broadcast(SHORTS, 8);
        ShortVector by12 = ShortVector.broadcast(SHORTS, 12);
        for (int pair = 0; pair < TILE; pair += PASS) {
            clear(y, to + pair / 2);
            clear(y, to + pair / 2 + TILE / 2);
            long block = w;
            for (int k = 0; k < n; k += BLOCK) {
                ShortVector a = ShortVector.broadcast(SHORTS, x.offsets[k / BLOCK]);
                ShortVector b = a;
                ShortVector c = ShortVector.zero(SHORTS);
                ShortVector d = c;
                long p = block + 2 * TILE + 2 * pair;
                for (int j = k; j < k + BLOCK; j += four) {
                    ShortVector v = ShortVector.fromMemorySegment(SHORTS, ALL, p, LITTLE);
                    ShortVector u = ShortVector.fromMemorySegment(SHORTS, ALL, p + 4 * L, LITTLE);
                    ShortVector f = ShortVector.broadcast(SHORTS, factors[j]);
                    ShortVector g = ShortVector.broadcast(SHORTS, factors[j + 1]);
                    a = a.add(v.mul(f));
                    b = b.add(u.mul(f));
                    c = c.add(v.lanewise(VectorOperators.LSHR, by4).mul(g));
                    d = d.add(u.lanewise(VectorOperators.LSHR, by4).mul(g));
                    f = ShortVector.broadcast(SHORTS, factors[j + 2]);
                    g = ShortVector.broadcast(SHORTS, factors[j + 3]);
                    a = a.add(v.lanewise(VectorOperators.LSHR, by8).mul(f));
                    b = b.add(u.lanewise(VectorOperators.LSHR, by8).mul(f));
                    c = c.add(v.lanewise(VectorOperators.LSHR, by12).mul(g));
                    d = d.add(u.lanewise(VectorOperators.LSHR, by12).mul(g));
                    p += 2 * TILE;
                }
                float scale = x.scales[k / BLOCK];
                long scales = block + pair;
                addScaled(a.add(c), scale, scales, y, to + pair / 2);
                addScaled(b.add(d), scale, scales + 2 * L, y, to + pair / 2 + L);
                block += (2 + BLOCK / 2) * TILE;
            }
        }
    }

    static void clear(float[] y, int at) {
        FloatVector.zero(FLOATS).intoArray(y, at);
        FloatVector.zero(FLOATS).intoArray(y, at + L);
    }

    /** Lanes of rows i and 32 + i by turns. */
    static void addScaled(ShortVector sums, float scale, long scales, float[] y, int at) {
        IntVector both = sums.reinterpretAsInts();
        FloatVector low = (FloatVector) both.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16)
                .convert(VectorOperators.I2F, 0);
        low.fma(PlainGemv.halves(scales).mul(scale), FloatVector.fromArray(FLOATS, y, at)).intoArray(y, at);
        FloatVector high = (FloatVector) both.lanewise(VectorOperators.ASHR, 16).convert(VectorOperators.I2F, 0);
        int far = at + TILE / 2;
        high.fma(PlainGemv.halves(scales + TILE).mul(scale), FloatVector.fromArray(FLOATS, y, far)).intoArray(y, far);
    }
}
