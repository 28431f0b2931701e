package io.rwkv.simd;

import static io.rwkv.simd.Lanes.FLOATS;
import static io.rwkv.simd.Lanes.HALF_SHORTS;
import static io.rwkv.simd.Lanes.INTS;
import static io.rwkv.simd.Lanes.L;
import static io.rwkv.simd.Lanes.PASS;
import static io.rwkv.simd.NativeMemory.ALL;
import static io.rwkv.simd.NativeMemory.LITTLE;
import static io.rwkv.simd.TiledMatrix.TILE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of one tile of unquantised weights with one vector. One pass keeps the sums of four vectors of rows in registers
 * and goes through all columns; with 512 bits that is the whole tile.
 */
final class PlainGemv {
    /** What takes the exponent of a half-precision number, moved to its place in a float, to the right value. */
    static final float HALF_EXPONENT = 0x1p112f;
    /** Sign, exponent and fraction of a half-precision number, sign-extended and moved up by 13. */
    static final int HALF_BITS = 0x8FFFFFFF;

    private PlainGemv() {
    }

    /**
     * @param w address of the tile
     * @param x the vector, from {@code at} on, of {@code n} numbers
     * @param y receives 64 sums from {@code to} on
     * @param step 1, but not a constant: see {@link Products}
     */
    static void f32(long w, float[] x, int at, int n, float[] y, int to, int step) {
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            long p = w + 4L * row;
            for (int k = at; k < at + n; k += step) {
                FloatVector v = FloatVector.broadcast(FLOATS, x[k]);
                a = FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE).fma(v, a);
                b = FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE).fma(v, b);
                c = FloatVector.fromMemorySegment(FLOATS, ALL, p + 8 * L, LITTLE).fma(v, c);
                d = FloatVector.fromMemorySegment(FLOATS, ALL, p + 12 * L, LITTLE).fma(v, d);
                p += 4 * TILE;
            }
            store(y, to + row, a, b, c, d);
        }
    }

    /** As {@link #f32}. */
    static void bf16(long w, float[] x, int at, int n, float[] y, int to, int step) {
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            long p = w + 2L * row;
            for (int k = at; k < at + n; k += step) {
                FloatVector v = FloatVector.broadcast(FLOATS, x[k]);
                a = bfloats(p).fma(v, a);
                b = bfloats(p + 2 * L).fma(v, b);
                c = bfloats(p + 4 * L).fma(v, c);
                d = bfloats(p + 6 * L).fma(v, d);
                p += 2 * TILE;
            }
            store(y, to + row, a, b, c, d);
        }
    }

    /** As {@link #f32}. */
    static void f16(long w, float[] x, int at, int n, float[] y, int to, int step) {
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            long p = w + 2L * row;
            for (int k = at; k < at + n; k += step) {
                FloatVector v = FloatVector.broadcast(FLOATS, x[k]);
                a = halves(p).fma(v, a);
                b = halves(p + 2 * L).fma(v, b);
                c = halves(p + 4 * L).fma(v, c);
                d = halves(p + 6 * L).fma(v, d);
                p += 2 * TILE;
            }
            store(y, to + row, a, b, c, d);
        }
    }

    /** L bfloat16 numbers at an address. */
    static FloatVector bfloats(long p) {
        return ((IntVector) ShortVector.fromMemorySegment(HALF_SHORTS, ALL, p, LITTLE)
                .convertShape(VectorOperators.S2I, INTS, 0)).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** L half-precision numbers at an address: exact, subnormals included; infinities and NaN do not occur in weights. */
    static FloatVector halves(long p) {
        return ((IntVector) ShortVector.fromMemorySegment(HALF_SHORTS, ALL, p, LITTLE)
                .convertShape(VectorOperators.S2I, INTS, 0)).lanewise(VectorOperators.LSHL, 13).and(HALF_BITS)
                .reinterpretAsFloats().mul(HALF_EXPONENT);
    }

    static void store(float[] y, int to, FloatVector a, FloatVector b, FloatVector c, FloatVector d) {
        a.intoArray(y, to);
        b.intoArray(y, to + L);
        c.intoArray(y, to + 2 * L);
        d.intoArray(y, to + 3 * L);
    }
}
