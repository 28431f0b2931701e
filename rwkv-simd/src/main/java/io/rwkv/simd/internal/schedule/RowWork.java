package io.rwkv.simd.internal.schedule;

import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.simd.internal.kernel.Elementwise;
import io.rwkv.simd.internal.kernel.Rows;
import io.rwkv.simd.internal.kernel.VectorMath;
import io.rwkv.simd.internal.memory.SimdActivations;

/**
 * Work that each row needs alone, shared by a team's threads where it is enough to be worth it. Rows are computed one by one:
 * where a row is no whole number of vectors, its elements are then computed by the same code whatever stands beside it, and have
 * the same bits. Used again and again by one {@code SimdOps}, so that no operation needs a new task.
 */
public final class RowWork implements ThreadTeam.Task {
    /** What an item of shared work should cost at least, in elements read, multiplied and written: some microseconds. */
    private static final int ITEM = 1 << 14;
    private static final int MOST_ROWS = 16; // of an item

    /** What is done to each row, and about how much more than a multiplication it costs. */
    private enum Kind {
        NORMALISE(3), DIFFERENCE(1), MIX(1), MIX_ROW(1), APPLY(8), GATE(8), MULTIPLY(1), SCALE(1), SUBTRACT(1), ADD(
                1), ADD_ROW(
                        1), UNIT_HEADS(2), HEAD_BONUS(2);

        private final int cost;

        Kind(int cost) {
            this.cost = cost;
        }
    }

    private final ThreadTeam team;

    // Of the present run; which of them, the kind says.
    private Kind kind;
    private int rows;
    private int columns;
    private int rowsPerItem;
    private float[] x;
    private float[] y;
    private float[] z;
    private float[] weight; // of one row
    private float[] bias; // of one row
    private float[] out;
    private int heads;
    private float eps;
    private Nonlinearity f;

    public RowWork(ThreadTeam team) {
        this.team = team;
    }

    /** {@code (x − mean) / √(variance + eps) ⊙ weight + bias} of each group of columns. */
    public void normalise(SimdActivations x, int groups, float eps, float[] weight, float[] bias,
            SimdActivations out) {
        this.heads = groups;
        this.eps = eps;
        this.weight = weight;
        this.bias = bias;
        run(Kind.NORMALISE, x, null, null, out);
    }

    /** {@code x₋ − x}, of all rows but the first. */
    public void difference(SimdActivations x, SimdActivations out) {
        run(Kind.DIFFERENCE, x, null, null, out);
    }

    /** {@code x + delta ⊙ weight}. */
    public void mix(SimdActivations x, SimdActivations delta, SimdActivations weight, SimdActivations out) {
        run(Kind.MIX, x, delta.values, weight.values, out);
    }

    /** {@code x + delta ⊙ weight}, one row of weights for all. */
    public void mix(SimdActivations x, SimdActivations delta, float[] weight, SimdActivations out) {
        this.weight = weight;
        run(Kind.MIX_ROW, x, delta.values, null, out);
    }

    /** {@code f(x)}. */
    public void apply(Nonlinearity f, SimdActivations x, SimdActivations out) {
        this.f = f;
        run(Kind.APPLY, x, null, null, out);
    }

    /** {@code f(gate) ⊙ x}. */
    public void gate(Nonlinearity f, SimdActivations gate, SimdActivations x, SimdActivations out) {
        this.f = f;
        run(Kind.GATE, gate, x.values, null, out);
    }

    /** {@code x ⊙ y}. */
    public void multiply(SimdActivations x, SimdActivations y, SimdActivations out) {
        run(Kind.MULTIPLY, x, y.values, null, out);
    }

    /** {@code x ⊙ weight}, one row of weights for all. */
    public void scale(SimdActivations x, float[] weight, SimdActivations out) {
        this.weight = weight;
        run(Kind.SCALE, x, null, null, out);
    }

    /** {@code x − y}. */
    public void subtract(SimdActivations x, SimdActivations y, SimdActivations out) {
        run(Kind.SUBTRACT, x, y.values, null, out);
    }

    /** {@code sum += y}. */
    public void add(SimdActivations sum, SimdActivations y) {
        run(Kind.ADD, sum, y.values, null, sum);
    }

    /** {@code sum += row}. */
    public void add(SimdActivations sum, float[] row) {
        this.weight = row;
        run(Kind.ADD_ROW, sum, null, null, sum);
    }

    /** Heads of length 1. */
    public void unitHeads(SimdActivations x, int heads, SimdActivations out) {
        this.heads = heads;
        run(Kind.UNIT_HEADS, x, null, null, out);
    }

    /** {@code Σ(r ⊙ k ⊙ weight) · v} for each head. */
    public void headBonus(SimdActivations r, SimdActivations k, float[] weight, SimdActivations v, int heads,
            SimdActivations out) {
        this.heads = heads;
        this.weight = weight;
        run(Kind.HEAD_BONUS, r, k.values, v.values, out);
    }

    private void run(Kind what, SimdActivations first, float[] second, float[] third, SimdActivations result) {
        kind = what;
        rows = first.rows;
        columns = first.columns;
        x = first.values;
        y = second;
        z = third;
        out = result.values;
        rowsPerItem = Math.clamp(Math.ceilDiv((long) ITEM, (long) what.cost * columns), 1, MOST_ROWS);
        team.run(Math.ceilDiv(rows, rowsPerItem), this);
    }

    @Override
    public void run(int item, int worker) {
        int end = Math.min(rows, (item + 1) * rowsPerItem);
        for (int t = item * rowsPerItem; t < end; t++) {
            row(t * columns, columns);
        }
    }

    private void row(int at, int n) {
        switch (kind) {
            case NORMALISE -> Rows.normalise(x, at, n, heads, eps, weight, bias, out);
            case DIFFERENCE -> {
                if (at > 0) {
                    Elementwise.subtract(x, at - n, x, at, out, at, n);
                }
            }
            case MIX -> Elementwise.mix(x, y, z, out, at, at + n);
            case MIX_ROW -> Elementwise.mixRow(x, y, weight, out, at, n);
            case APPLY -> VectorMath.apply(f, x, out, at, at + n);
            case GATE -> Rows.gate(f, x, y, out, at, at + n);
            case MULTIPLY -> Elementwise.multiply(x, y, out, at, at + n);
            case SCALE -> Elementwise.scaleRow(x, weight, out, at, n);
            case SUBTRACT -> Elementwise.subtract(x, y, out, at, at + n);
            case ADD -> Elementwise.addTo(x, y, at, at + n);
            case ADD_ROW -> Elementwise.addRow(x, weight, x, at, n);
            case UNIT_HEADS -> Rows.unitHeads(x, n / heads, out, at, at + n);
            case HEAD_BONUS -> Rows.headBonus(x, y, weight, z, n / heads, out, at, at + n);
        }
    }
}
