package io.rwkv.simd;

/**
 * Where a vector is not zero, in steps of some columns and in blocks. Used again for other vectors; for one thread at a time
 * to fill.
 */
final class Nonzeros {
    /** The first columns of steps that are not all zero, ascending. */
    int[] columns = new int[0];
    /** For each block the index in {@link #columns} of its first; one more at the end. */
    int[] starts = new int[1];
    /** How many there are. */
    int count;

    /**
     * @param step columns that are skipped together or not at all; divides the block
     * @param block columns per block; the last may be shorter
     */
    void find(float[] x, int n, int step, int block) {
        int blocks = (n + block - 1) / block;
        if (columns.length < n) {
            columns = new int[n];
        }
        if (starts.length < blocks + 1) {
            starts = new int[blocks + 1];
        }
        int found = 0;
        for (int b = 0; b < blocks; b++) {
            starts[b] = found;
            for (int k = b * block; k < Math.min(n, (b + 1) * block); k += step) {
                // Written always and kept only if it counts: no branch to guess.
                columns[found] = k;
                found += anyOf(x, k, step) ? 1 : 0;
            }
        }
        starts[blocks] = found;
        count = found;
    }

    private static boolean anyOf(float[] x, int at, int step) {
        if (step == 1) {
            return x[at] != 0;
        }
        boolean any = false;
        for (int i = 0; i < step; i++) {
            any |= x[at + i] != 0;
        }
        return any;
    }
}
