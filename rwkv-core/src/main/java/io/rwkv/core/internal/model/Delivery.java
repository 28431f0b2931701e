package io.rwkv.core.internal.model;

import io.rwkv.core.Want;
import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;

import java.util.List;

/**
 * Takes what one stretch has become to those who want something of it. Of what nobody wants nothing is computed, and rows go
 * through the head some at a time, so that memory does not grow with the number of logits. For one thread.
 */
final class Delivery {
    /** Rows that go through the head together: enough to run at full speed, few enough to hold their logits. */
    static final int ROWS = 64;

    /** What is made of residual rows. */
    private enum Product {
        HIDDEN, LOGITS, LOG_PROBABILITIES
    }

    private static final Product[] PRODUCTS = Product.values();

    // Of one product, in the order of the rows; used again and again.
    private final int[] rows;
    private final int[] targets;

    /** @param capacity the most tokens of a stretch */
    Delivery(int capacity) {
        rows = new int[capacity];
        targets = new int[capacity];
    }

    /**
     * @param sequences those with tokens in the stretch, in the order of their rows
     * @param residual what the stretch has become
     */
    void deliver(Ops ops, Network network, List<Sequence> sequences, Activations residual) {
        for (Product product : PRODUCTS) {
            int count = list(sequences, product);
            for (int from = 0; from < count; from += ROWS) {
                int some = Math.min(ROWS, count - from);
                int mark = ops.mark();
                // All rows of a small stretch are mostly wanted: nothing to pick then.
                Activations picked = some == residual.rows() ? residual : ops.pick(residual, rows, from, some);
                Activations values = network.hidden(ops, picked);
                if (product != Product.HIDDEN) {
                    values = network.logits(ops, values);
                }
                if (product == Product.LOG_PROBABILITIES) {
                    values = ops.logProbabilities(values, targets, from);
                }
                handOut(ops, sequences, product, values, from, some);
                ops.release(mark);
            }
        }
    }

    private static Product product(Want want) {
        return switch (want) {
            case NOTHING -> null;
            case LAST_HIDDEN, ALL_HIDDEN -> Product.HIDDEN;
            case LAST_LOGITS, ALL_LOGITS -> Product.LOGITS;
            case LOG_PROBABILITIES -> Product.LOG_PROBABILITIES;
        };
    }

    /** Of the sequence's tokens in this stretch, the first one of which something is wanted; they all are from there on. */
    private static int first(Sequence sequence) {
        return switch (sequence.want()) {
            case LAST_HIDDEN, LAST_LOGITS -> sequence.ends() ? sequence.count() - 1 : sequence.count();
            default -> 0;
        };
    }

    /** The number of its tokens in this stretch of which something is wanted. */
    private static int wanted(Sequence sequence, Product product) {
        if (product(sequence.want()) != product) {
            return 0;
        }
        int end = product == Product.LOG_PROBABILITIES ? sequence.known() : sequence.count();
        return end - first(sequence);
    }

    private int list(List<Sequence> sequences, Product product) {
        int count = 0;
        for (int i = 0; i < sequences.size(); i++) {
            Sequence sequence = sequences.get(i);
            int some = wanted(sequence, product);
            for (int t = 0; t < some; t++) {
                int token = first(sequence) + t;
                rows[count] = sequence.row() + token;
                if (product == Product.LOG_PROBABILITIES) {
                    targets[count] = sequence.after(token);
                }
                count++;
            }
        }
        return count;
    }

    /** @param from the first of the listed rows that {@code values} holds */
    private static void handOut(Ops ops, List<Sequence> sequences, Product product, Activations values, int from,
            int count) {
        int at = 0; // of the list, where the sequence begins
        for (int i = 0; i < sequences.size() && at < from + count; i++) {
            Sequence sequence = sequences.get(i);
            int some = wanted(sequence, product);
            int begin = Math.max(at, from);
            int end = Math.min(at + some, from + count);
            if (begin < end) {
                sequence.sink().accept(ops, values, begin - from, end - begin,
                        sequence.from() + first(sequence) + begin - at);
            }
            at += some;
        }
    }
}
