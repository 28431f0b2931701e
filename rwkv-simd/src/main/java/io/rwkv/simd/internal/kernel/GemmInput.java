package io.rwkv.simd.internal.kernel;

import io.rwkv.simd.internal.memory.Format;

/**
 * Several vectors in the form in which the kernels for several vectors want them, and which columns to multiply by each group of
 * vectors. Used again for other vectors, also of other sizes; for one thread at a time to fill.
 */
public final class GemmInput {
    static final int BLOCK = Rounding.BLOCK;
    /** With a larger share of columns to multiply, to find them out does not pay. */
    private static final double WORTH_SKIPPING = 0.7;

    int rows;
    int columns;
    int blocks;
    /** Whether the weights have 4 bits, and are multiplied by integers. */
    boolean integers;
    /** Of other weights: the vectors, one after the other. */
    float[] floats;
    /** For 4-bit weights: the factors in units of their block's scale, each in both halves of an int. */
    int[] ints = new int[0];
    /** For each vector and each block of its factors. */
    float[] scales = new float[0];
    /** For each vector and block, what the offset that weights are stored with has added to a sum of products, negated. */
    int[] corrections = new int[0];
    /** Where in a tile the columns begin that a group is multiplied by: see {@link #base}. */
    int[] offsets;
    /** Whether there are columns not listed. */
    boolean skipping;

    private int group; // vectors of a group
    private int[] listed = new int[0]; // offsets, group after group
    private int[] starts = new int[0]; // of each group's blocks in that list, and where the last one ends
    private float[] ownFloats = new float[0];
    private int[] nonzeros = new int[0]; // not zero for each column that a group needs

    /**
     * @param rows the number of vectors
     * @param columns of each, whole blocks of the format
     * @param skipping whether to leave out columns where all vectors of a group are zero, if they are so many that it pays
     */
    public void fill(Format format, float[] x, int rows, int columns, boolean skipping) {
        this.rows = rows;
        this.columns = columns;
        blocks = Math.ceilDiv(columns, BLOCK);
        integers = format == Format.Q4_0;
        group = integers ? BlockGemm.GROUP : FloatGemm.GROUP;
        floats = x;
        offsets = format.offsets(columns);
        if (integers) {
            round(x);
        }
        // 8-bit weights would be widened for each further group of vectors anew, which takes as long as is won.
        this.skipping = skipping && (format != Format.Q8_0 || rows <= group) && list(x);
        if (this.skipping) {
            gather(x, offsets);
        }
    }

    /** How many of a group's columns are before this one, which is a block's first or the end. */
    int start(int group, int column) {
        return skipping ? starts[group * (blocks + 1) + Math.ceilDiv(column, BLOCK)] : column;
    }

    /** Where a group's columns begin in {@link #offsets}. */
    int base(int group) {
        return skipping ? group * columns : 0;
    }

    /** From one vector's factors to those of the group's next one; a group's begin where they do without skipping. */
    int step(int group) {
        return start(group, columns);
    }

    private void round(float[] x) {
        if (ints.length < rows * columns) {
            ints = new int[rows * columns];
            scales = new float[rows * blocks];
            corrections = new int[rows * blocks];
        }
        for (int block = 0; block < rows * blocks; block++) {
            int k = block * BLOCK;
            scales[block] = Rounding.round(x, k, Rounding.LIMIT_4, ints, k);
            corrections[block] = Rounding.sum(ints, k) * -8;
            Rounding.pair(ints, k);
        }
    }

    /** Lists for each group the columns that it needs, and says whether they are few enough. */
    private boolean list(float[] x) {
        if (listed.length < groups() * columns) {
            listed = new int[groups() * columns];
        }
        if (starts.length < groups() * (blocks + 1)) {
            starts = new int[groups() * (blocks + 1)];
        }
        if (nonzeros.length < columns) {
            nonzeros = new int[columns];
        }
        int sum = 0;
        for (int g = 0; g < groups(); g++) {
            int first = g * group;
            Reductions.nonzeros(x, first * columns, columns, Math.min(group, rows - first), nonzeros);
            int count = 0;
            for (int k = 0; k < columns; k++) {
                if (k % BLOCK == 0) {
                    starts[g * (blocks + 1) + k / BLOCK] = count;
                }
                // Written always and kept only if it counts: no branch to guess.
                listed[g * columns + count] = k;
                count += nonzeros[k] != 0 ? 1 : 0;
            }
            starts[g * (blocks + 1) + blocks] = count;
            sum += count;
        }
        return sum < WORTH_SKIPPING * groups() * columns;
    }

    private int groups() {
        return Math.ceilDiv(rows, group);
    }

    /** Moves the factors of listed columns together. */
    private void gather(float[] x, int[] all) {
        if (!integers && ownFloats.length < rows * columns) {
            ownFloats = new float[rows * columns];
        }
        for (int g = 0; g < groups(); g++) {
            int count = step(g);
            int base = g * columns;
            for (int t = g * group; t < Math.min(rows, (g + 1) * group); t++) {
                int from = t * columns;
                int to = g * group * columns + (t - g * group) * count;
                for (int i = 0; i < count; i++) {
                    if (integers) {
                        ints[to + i] = ints[from + listed[base + i]]; // what is overwritten has been moved before
                    } else {
                        ownFloats[to + i] = x[from + listed[base + i]];
                    }
                }
            }
            for (int i = 0; i < count; i++) {
                listed[base + i] = all[listed[base + i]];
            }
        }
        floats = ownFloats;
        offsets = listed;
    }

    /** Of its own arrays. */
    public long bytes() {
        return 4L * (ints.length + scales.length + corrections.length + listed.length + starts.length
                + ownFloats.length + nonzeros.length);
    }
}
