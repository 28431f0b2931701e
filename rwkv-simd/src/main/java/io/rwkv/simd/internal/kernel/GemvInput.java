package io.rwkv.simd.internal.kernel;

import io.rwkv.simd.internal.memory.Format;

import java.util.Arrays;

/**
 * A vector in the form in which the kernels of a format want it: which columns of a tile to read, and what to multiply them
 * by. Columns that would be multiplied by zero can be left out, which changes no bit of a result. Used again for other
 * vectors; for one thread at a time to fill.
 */
public final class GemvInput {
    private static final int BLOCK = Rounding.BLOCK;
    /**
     * With a larger share of the lines of memory to read, reading all in one stream is as fast: processors read ahead what is
     * left out, too.
     */
    private static final double WORTH_SKIPPING = 0.2;

    /** Where in a tile the columns listed begin. */
    int[] offsets;
    /** For unquantised weights: the factor of listed column i is at {@code i + at}. */
    float[] floats;
    int at;
    /** For 8-bit weights: the factors in units of their block's scale. */
    int[] ints = new int[0];
    /** For 4-bit weights: the same. */
    short[] shorts = new short[0];
    /**
     * For each chunk of columns the index of the first one listed; one more at the end. Of a block there is an even number, the
     * last one perhaps with a factor of zero.
     */
    int[] starts = new int[1];
    int chunks;
    /** Of each block of factors. */
    float[] scales = new float[0];
    /** For each block, what the offset that quantised weights are stored with has added to a sum of products, negated. */
    int[] corrections = new int[0];

    /** Whether there are columns not listed. */
    boolean skipping;

    private int[] listed = new int[0];
    private float[] ownFloats = new float[0];
    private int[] rounded = new int[0];

    /**
     * @param n the number of columns, whole blocks of the format
     * @param skipping whether to leave out columns whose number is zero, if they are so many that it pays
     * @return the number of columns left out
     */
    public int fill(Format format, float[] x, int at, int n, boolean skipping) {
        offsets = format.offsets(n);
        floats = x;
        this.at = at;
        chunks = Math.ceilDiv(n, format.chunk());
        if (starts.length < chunks + 1) {
            starts = new int[chunks + 1];
        }
        for (int chunk = 0; chunk <= chunks; chunk++) {
            starts[chunk] = Math.min(n, chunk * format.chunk());
        }
        if (format.hasBlocks()) {
            round(format, x, at, n);
        }
        this.skipping = skipping && worthSkipping(format, x, at, n);
        int nonzeros = !this.skipping
                ? n
                : format.hasBlocks() ? listRounded(format, x, at, n) : listFloats(format, x, at, n);
        if (format == Format.Q4_0) {
            shorten(starts[chunks]);
        }
        return n - nonzeros;
    }

    private static boolean worthSkipping(Format format, float[] x, int from, int n) {
        int nonzeros = 0;
        int blocks = 0; // or other chunks, with any of them
        for (int k = 0; k < n; k += format.chunk()) {
            int before = nonzeros;
            for (int j = from + k; j < from + Math.min(n, k + format.chunk()); j++) {
                nonzeros += x[j] != 0 ? 1 : 0;
            }
            blocks += nonzeros > before ? 1 : 0;
        }
        // Scales count twice: a block costs about as much arithmetic, however few columns are listed.
        int listed = nonzeros * lines(format.columnBytes()) + blocks * 2 * lines(format.scaleBytes());
        double all = (double) n / format.blockColumns() * format.blockBytes() / Gemv.LINE;
        return listed < WORTH_SKIPPING * all;
    }

    private static int lines(int bytes) {
        return Math.ceilDiv(bytes, Gemv.LINE);
    }

    private void round(Format format, float[] x, int from, int n) {
        boolean four = format == Format.Q4_0;
        if (rounded.length < n) {
            rounded = new int[n];
            scales = new float[n / BLOCK];
            corrections = new int[n / BLOCK];
        }
        for (int block = 0; block < n / BLOCK; block++) {
            int k = block * BLOCK;
            scales[block] = Rounding.round(x, from + k, four ? Rounding.LIMIT_4 : Rounding.LIMIT_8, rounded, k);
            corrections[block] = Rounding.sum(rounded, k) * (four ? -8 : -128);
        }
        ints = rounded;
    }

    private void shorten(int n) {
        if (shorts.length < n) {
            shorts = new short[n];
        }
        for (int k = 0; k < n; k++) {
            shorts[k] = (short) rounded[k];
        }
    }

    private int listFloats(Format format, float[] x, int from, int n) {
        makeRoom(n);
        int[] all = format.offsets(n);
        int count = 0;
        for (int k = 0; k < n; k++) {
            // Written always and kept only if it counts: no branch to guess.
            listed[count] = all[k];
            ownFloats[count] = x[from + k];
            count += x[from + k] != 0 ? 1 : 0;
        }
        chunks = Math.ceilDiv(count, format.chunk());
        starts[chunks] = count;
        offsets = listed;
        floats = ownFloats;
        at = 0;
        return count;
    }

    /** What is not zero but rounded to zero stays: where it is NaN, its block is to be seen. */
    private int listRounded(Format format, float[] x, int from, int n) {
        makeRoom(n);
        int[] all = format.offsets(n);
        int nonzeros = 0;
        int count = 0;
        for (int chunk = 0; chunk < chunks; chunk++) {
            int k = starts[chunk];
            starts[chunk] = count;
            for (; k < starts[chunk + 1]; k++) {
                listed[count] = all[k];
                rounded[count] = rounded[k];
                count += x[from + k] != 0 ? 1 : 0;
            }
            nonzeros += count - starts[chunk];
            if ((count - starts[chunk]) % 2 == 1) {
                listed[count] = listed[count - 1]; // no other line of memory
                rounded[count] = 0;
                count++;
            }
        }
        starts[chunks] = count;
        offsets = listed;
        return nonzeros;
    }

    /** Of its own arrays. */
    public long bytes() {
        return 4L * (rounded.length + listed.length + ownFloats.length + starts.length + scales.length
                + corrections.length) + 2L * shorts.length;
    }

    private void makeRoom(int n) {
        if (listed.length < n) {
            listed = Arrays.copyOf(listed, n);
            ownFloats = new float[n];
        }
    }
}
