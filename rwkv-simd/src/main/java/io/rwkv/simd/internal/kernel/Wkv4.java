package io.rwkv.simd.internal.kernel;

import io.rwkv.core.engine.StatePart;

/** The recurrence of RWKV-4 for a range of channels, token after token, in plain loops that the compiler vectorises. */
public final class Wkv4 {
    /** Channels of one item of work. */
    public static final int CHANNELS = 128;

    private final float[] before = new float[CHANNELS];
    private final float[] now = new float[CHANNELS];
    private final float[] most = new float[CHANNELS];

    /** Channels {@code from} to {@code from + n - 1}, at most {@link #CHANNELS}. */
    public void run(float[] k, float[] v, float[] decay, float[] bonus, int from, int n, int tokens, int channels,
            StatePart aa, StatePart bb, StatePart pp, float[] out) {
        copy(aa, from, n);
        copy(bb, from, n);
        copy(pp, from, n);
        float[] a = aa.after();
        float[] b = bb.after();
        float[] p = pp.after();
        for (int t = 0; t < tokens; t++) {
            int row = t * channels + from;
            weights(p, from, null, bonus, k, row, n);
            for (int i = 0; i < n; i++) {
                out[row + i] = (before[i] * a[from + i] + now[i] * v[row + i]) / (before[i] * b[from + i] + now[i]);
            }
            weights(p, from, decay, null, k, row, n);
            for (int i = 0; i < n; i++) {
                a[from + i] = before[i] * a[from + i] + now[i] * v[row + i];
                b[from + i] = before[i] * b[from + i] + now[i];
                p[from + i] = most[i];
            }
        }
    }

    /** Factors of the state and of the present token, with the larger exponent of the two taken out. */
    private void weights(float[] p, int from, float[] decay, float[] bonus, float[] k, int row, int n) {
        for (int i = 0; i < n; i++) {
            float old = decay == null ? p[from + i] : p[from + i] + decay[from + i];
            float present = bonus == null ? k[row + i] : k[row + i] + bonus[from + i];
            float larger = Math.max(old, present);
            most[i] = larger;
            before[i] = old - larger;
            now[i] = present - larger;
        }
        VectorMath.exp(before, 0, 1, before, 0, n);
        VectorMath.exp(now, 0, 1, now, 0, n);
    }

    private static void copy(StatePart part, int from, int n) {
        if (part.before() != part.after()) {
            System.arraycopy(part.before(), from, part.after(), from, n);
        }
    }
}
