package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.L;

import io.rwkv.core.engine.Nonlinearity;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Functions of each element, within a few units in the last place. The JDK's own vector functions are slow on some platforms. */
public final class VectorMath {
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding it rounds to an integer n; n + 127, the exponent of 2ⁿ, then stands in the lowest bits. */
    private static final float ROUND = 0x1.8p23f + 127;
    /**
     * What lies beyond is taken for these: e^88 is 1.7e38, and e^-88 comes out as 0, as its n is −127, of which the exponent's bits
     * are all 0. A weight that is nothing must be 0, or where it is the only one it would count.
     */
    private static final float LEAST = -88f;
    private static final float MOST = 88f;
    private static final float DECAY7 = -0.606531f;
    /** Where tanh is taken from its series, since 1 − 2 / (e^2x + 1) loses digits. */
    private static final float SMALL = 0.125f;

    private VectorMath() {
    }

    /**
     * {@code e^(factor · x)} of so many numbers from {@code at} on, to {@code out} from {@code to} on, which may be the same place.
     * The other functions have it do a first pass: a method with a vector as its argument is not always inlined, and vectors
     * then become objects.
     */
    static void exp(float[] x, int at, float factor, float[] out, int to, int count) {
        int i = 0;
        for (; i + L <= count; i += L) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i).mul(factor).max(LEAST).min(MOST);
            FloatVector n = v.mul(LOG2_E).add(ROUND);
            FloatVector whole = n.sub(ROUND);
            FloatVector r = v.sub(whole.mul(LN2_HIGH)).sub(whole.mul(LN2_LOW));
            FloatVector p = r.mul(1f / 5040).add(1f / 720);
            p = p.mul(r).add(1f / 120);
            p = p.mul(r).add(1f / 24);
            p = p.mul(r).add(1f / 6);
            p = p.mul(r).add(0.5f);
            p = p.mul(r).add(1f);
            p = p.mul(r).add(1f);
            // Adding n to p's exponent as integers would make numbers of some NaN.
            p.mul(n.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats()).intoArray(out,
                    to + i);
        }
        for (; i < count; i++) {
            out[to + i] = (float) Math.exp(factor * x[at + i]);
        }
    }

    /** f(x) of each element; {@code out} is another array. */
    public static void apply(Nonlinearity f, float[] x, float[] out, int from, int to) {
        assert x != out;
        switch (f) {
            case IDENTITY -> System.arraycopy(x, from, out, from, to - from);
            case TANH -> tanh(x, out, from, to);
            case SIGMOID -> sigmoid(x, 1, out, from, to);
            case DECAY7 -> sigmoid(x, DECAY7, out, from, to);
            case SILU -> silu(x, out, from, to);
            case SQUARED_RELU -> squaredRelu(x, out, from, to);
            case MINUS_EXP -> minusExp(x, out, from, to);
        }
    }

    /** f(x) of one number. */
    public static float apply(Nonlinearity f, float x) {
        return switch (f) {
            case IDENTITY -> x;
            case TANH -> (float) Math.tanh(x);
            case SIGMOID -> (float) (1 / (1 + Math.exp(-x)));
            case DECAY7 -> (float) (DECAY7 / (1 + Math.exp(-x)));
            case SILU -> (float) (x / (1 + Math.exp(-x)));
            case SQUARED_RELU -> x <= 0 ? 0 : x * x; // so that NaN stays NaN
            case MINUS_EXP -> (float) -Math.exp(x);
        };
    }

    private static void tanh(float[] x, float[] out, int from, int to) {
        exp(x, from, 2, out, from, to - from);
        int i = from;
        for (; i + L <= to; i += L) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            FloatVector q = v.mul(v);
            FloatVector series = q.mul(-17f / 315).add(2f / 15).mul(q).add(-1f / 3).mul(q).mul(v).add(v);
            FloatVector e = FloatVector.fromArray(FLOATS, out, i).add(1f);
            VectorMask<Float> small = v.abs().compare(VectorOperators.LT, SMALL);
            FloatVector.broadcast(FLOATS, -2f).div(e).add(1f).blend(series, small).intoArray(out, i);
        }
        for (; i < to; i++) {
            out[i] = apply(Nonlinearity.TANH, x[i]);
        }
    }

    private static void sigmoid(float[] x, float factor, float[] out, int from, int to) {
        exp(x, from, -1, out, from, to - from);
        int i = from;
        for (; i + L <= to; i += L) {
            FloatVector e = FloatVector.fromArray(FLOATS, out, i).add(1f);
            FloatVector.broadcast(FLOATS, factor).div(e).intoArray(out, i);
        }
        for (; i < to; i++) {
            out[i] = factor * apply(Nonlinearity.SIGMOID, x[i]);
        }
    }

    private static void silu(float[] x, float[] out, int from, int to) {
        exp(x, from, -1, out, from, to - from);
        int i = from;
        for (; i + L <= to; i += L) {
            FloatVector.fromArray(FLOATS, x, i).div(FloatVector.fromArray(FLOATS, out, i).add(1f)).intoArray(out, i);
        }
        for (; i < to; i++) {
            out[i] = apply(Nonlinearity.SILU, x[i]);
        }
    }

    private static void squaredRelu(float[] x, float[] out, int from, int to) {
        int i = from;
        for (; i + L <= to; i += L) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i).max(0f);
            v.mul(v).intoArray(out, i);
        }
        for (; i < to; i++) {
            out[i] = apply(Nonlinearity.SQUARED_RELU, x[i]);
        }
    }

    private static void minusExp(float[] x, float[] out, int from, int to) {
        exp(x, from, 1, out, from, to - from);
        for (int i = from; i < to; i++) {
            out[i] = -out[i];
        }
    }
}
