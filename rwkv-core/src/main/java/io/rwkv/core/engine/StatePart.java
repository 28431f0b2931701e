package io.rwkv.core.engine;

/**
 * One part of one layer's state during an operation, for each of the sequences whose tokens stand in the operation's rows. The
 * rows of a sequence are neighbours, and the sequences follow each other without a gap. For each sequence, the operation reads
 * {@link #before} and writes all of {@link #after}. The two may be the same array, so an operation has to read each element before
 * it writes it. Arrays of two sequences are never the same. For one thread, apart from the getters, which an operation may call
 * in any of its threads. The arrays are the model's: an engine must not keep them after the operation.
 */
public interface StatePart {
    /** The number of sequences, at least one. */
    int sequences();

    /** The first row of a sequence, counted from 0. */
    int row(int sequence);

    /** The number of rows of a sequence, at least one. */
    int rows(int sequence);

    /** A sequence's values before its first row, in the part's canonical layout. */
    float[] before(int sequence);

    /** Receives a sequence's values after its last row. */
    float[] after(int sequence);

    /**
     * The part of a single sequence.
     *
     * @param rows the number of its rows
     * @param before not copied
     * @param after not copied; may be {@code before}
     */
    static StatePart of(int rows, float[] before, float[] after) {
        return new StatePart() {
            @Override
            public int sequences() {
                return 1;
            }

            @Override
            public int row(int sequence) {
                return 0;
            }

            @Override
            public int rows(int sequence) {
                return rows;
            }

            @Override
            public float[] before(int sequence) {
                return before;
            }

            @Override
            public float[] after(int sequence) {
                return after;
            }
        };
    }
}
