package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.StatePart;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.function.Consumer;

/**
 * One sequence of an operation, or neighbours that have one token each: their heads, or channels, are like those of one sequence
 * with one token, so that they go through the same ND4J calls together.
 */
final class SequenceRun {
    private final int first; // sequence
    private final int end; // sequence behind the last
    private final int row;
    private final int rows;

    private SequenceRun(StatePart part, int first, int end) {
        this.first = first;
        this.end = end;
        row = part.row(first);
        rows = part.row(end - 1) + part.rows(end - 1) - row;
    }

    /** Hands over all sequences, in order. */
    static void each(StatePart part, Consumer<SequenceRun> work) {
        int end;
        for (int first = 0; first < part.sequences(); first = end) {
            end = first + 1;
            while (part.rows(first) == 1 && end < part.sequences() && part.rows(end) == 1) {
                end++;
            }
            work.accept(new SequenceRun(part, first, end));
        }
    }

    /** How many. */
    int sequences() {
        return end - first;
    }

    /** The number of tokens of each. */
    int tokens() {
        return rows / sequences();
    }

    /** Their rows, the same memory: [tokens, sequences · C]. */
    INDArray of(Activations x) {
        INDArray own = ((Nd4jActivations) x).rows(row, row + rows);
        return sequences() == 1 ? own : own.reshape(1, (long) rows * x.columns());
    }

    /**
     * Copies their states, one after the other.
     *
     * @param to a whole array, filled from its first element on
     */
    void writeBefore(StatePart part, INDArray to) {
        int at = 0;
        for (int i = first; i < end; i++) {
            float[] before = part.before(i);
            HostCopies.write(before, 0, before.length, to, at);
            at += before.length;
        }
    }

    /**
     * Copies what their states have become.
     *
     * @param from a whole array
     * @param at the first element
     */
    void readAfter(StatePart part, INDArray from, int at) {
        int next = at;
        for (int i = first; i < end; i++) {
            float[] after = part.after(i);
            HostCopies.read(from, next, after, 0, after.length);
            next += after.length;
        }
    }
}
