package io.rwkv.simd.internal.kernel;

import io.rwkv.core.engine.StatePart;

/** The recurrence of RWKV-4 for a range of channels, token after token, in plain loops that the compiler vectorises. */
public final class Wkv4 {
    /** Channels of one item of work. */
    public static final int CHANNELS = 128;

    private final float[] before = new float[CHANNELS];
    private final float[] now = new float[CHANNELS];
    private final float[] most = new float[CHANNELS];

    /**
     * Channels {@code from} to {@code from + n - 1}, at most {@link #CHANNELS}, of one sequence.
     *
     * @param k [rows, channels], as are v and out
     * @param row the sequence's first row
     * @param end behind its last row
     * @param aa of the sequence {@code sequence}, as are bb and pp
     */
    public void run(float[] k, float[] v, float[] decay, float[] bonus, int from, int n, int row, int end, int channels,
            StatePart aa, StatePart bb, StatePart pp, int sequence, float[] out) {
        float[] a = copied(aa, sequence, from, n);
        float[] b = copied(bb, sequence, from, n);
        float[] p = copied(pp, sequence, from, n);
        for (int t = row; t < end; t++) {
            int at = t * channels + from;
            weights(p, from, null, bonus, k, at, n);
            for (int i = 0; i < n; i++) {
                out[at + i] = (before[i] * a[from + i] + now[i] * v[at + i]) / (before[i] * b[from + i] + now[i]);
            }
            weights(p, from, decay, null, k, at, n);
            for (int i = 0; i < n; i++) {
                a[from + i] = before[i] * a[from + i] + now[i] * v[at + i];
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

    /** What becomes the state afterwards, and is what it was before. */
    private static float[] copied(StatePart part, int sequence, int from, int n) {
        float[] after = part.after(sequence);
        if (part.before(sequence) != after) {
            System.arraycopy(part.before(sequence), from, after, from, n);
        }
        return after;
    }
}
