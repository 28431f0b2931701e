package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.L;

import io.rwkv.core.engine.StatePart;

import java.util.Arrays;

import jdk.incubator.vector.FloatVector;

/**
 * The recurrences, token after token for one head, whose state stays in the first-level cache. Equations at
 * {@link io.rwkv.core.engine.Ops}.
 */
public final class Wkv {
    private Wkv() {
    }

    /**
     * RWKV-5 and 6.
     *
     * @param r [rows, channels], as are k, v, logDecay and out
     * @param from the sequence's first row
     * @param to behind its last row
     * @param before the state's part, [heads, n, n], [key][value] in each head
     * @param s receives what it becomes
     * @param decay room for n numbers
     */
    public static void head6(float[] r, float[] k, float[] v, float[] logDecay, int head, int n, int from, int to,
            int channels, float[] before, float[] s, float[] out, float[] decay) {
        int at = head * n * n;
        float[] old = before; // of the first token, then it is what the last one left
        for (int t = from; t < to; t++) {
            int row = t * channels + head * n;
            VectorMath.exp(logDecay, row, 1, decay, 0, n);
            Arrays.fill(out, row, row + n, 0);
            for (int i = 0; i < n; i++) {
                keyChannel6(old, s, at + i * n, n, r[row + i], k[row + i], decay[i], v, out, row);
            }
            old = s;
        }
    }

    private static void keyChannel6(float[] old, float[] s, int at, int n, float r, float k, float w, float[] v,
            float[] out, int row) {
        int j = 0;
        for (; j + L <= n; j += L) {
            FloatVector x = FloatVector.fromArray(FLOATS, old, at + j);
            x.fma(FloatVector.broadcast(FLOATS, r), FloatVector.fromArray(FLOATS, out, row + j)).intoArray(out,
                    row + j);
            x.mul(w).add(FloatVector.fromArray(FLOATS, v, row + j).mul(k)).intoArray(s, at + j);
        }
        for (; j < n; j++) {
            float x = old[at + j];
            out[row + j] += r * x;
            s[at + j] = w * x + k * v[row + j];
        }
    }

    /** RWKV-7, as {@link #head6}. The state's part is [heads, n, n], [value][key] in each head. */
    public static void head7(float[] r, float[] logDecay, float[] k, float[] v, float[] kk, float[] add, int head,
            int n, int from, int to, int channels, float[] before, float[] s, float[] out, float[] decay) {
        int at = head * n * n;
        float[] old = before; // of the first token, then it is what the last one left
        for (int t = from; t < to; t++) {
            int row = t * channels + head * n;
            VectorMath.exp(logDecay, row, 1, decay, 0, n);
            int i = 0;
            if (n % L == 0) {
                for (; i + 2 <= n; i += 2) {
                    twoValueChannels7(old, s, at + i * n, n, decay, r, k, v, kk, add, row, i, out);
                }
            }
            for (; i < n; i++) {
                valueChannel7(old, s, at + i * n, n, decay, r, k, v[row + i], kk, add, row, i, out);
            }
            old = s;
        }
    }

    private static void twoValueChannels7(float[] old, float[] s, int at, int n, float[] decay, float[] r, float[] k,
            float[] v, float[] kk, float[] add, int row, int i, float[] out) {
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        for (int j = 0; j < n; j += L) {
            FloatVector x = FloatVector.fromArray(FLOATS, kk, row + j);
            a = FloatVector.fromArray(FLOATS, old, at + j).fma(x, a);
            b = FloatVector.fromArray(FLOATS, old, at + n + j).fma(x, b);
        }
        FloatVector removedA = FloatVector.broadcast(FLOATS, -Reductions.sum(a));
        FloatVector removedB = FloatVector.broadcast(FLOATS, -Reductions.sum(b));
        FloatVector addedA = FloatVector.broadcast(FLOATS, v[row + i]);
        FloatVector addedB = FloatVector.broadcast(FLOATS, v[row + i + 1]);
        a = FloatVector.zero(FLOATS);
        b = a;
        for (int j = 0; j < n; j += L) {
            FloatVector w = FloatVector.fromArray(FLOATS, decay, j);
            FloatVector away = FloatVector.fromArray(FLOATS, add, row + j);
            FloatVector key = FloatVector.fromArray(FLOATS, k, row + j);
            FloatVector read = FloatVector.fromArray(FLOATS, r, row + j);
            FloatVector x = FloatVector.fromArray(FLOATS, old, at + j).mul(w);
            x = key.fma(addedA, away.fma(removedA, x));
            x.intoArray(s, at + j);
            a = x.fma(read, a);
            FloatVector y = FloatVector.fromArray(FLOATS, old, at + n + j).mul(w);
            y = key.fma(addedB, away.fma(removedB, y));
            y.intoArray(s, at + n + j);
            b = y.fma(read, b);
        }
        out[row + i] = Reductions.sum(a);
        out[row + i + 1] = Reductions.sum(b);
    }

    /** For heads whose size is no multiple of a vector. */
    private static void valueChannel7(float[] old, float[] s, int at, int n, float[] decay, float[] r, float[] k,
            float v, float[] kk, float[] add, int row, int i, float[] out) {
        float removed = 0;
        for (int j = 0; j < n; j++) {
            removed += old[at + j] * kk[row + j];
        }
        float sum = 0;
        for (int j = 0; j < n; j++) {
            float x = old[at + j] * decay[j] - removed * add[row + j] + v * k[row + j];
            s[at + j] = x;
            sum += x * r[row + j];
        }
        out[row + i] = sum;
    }
}
