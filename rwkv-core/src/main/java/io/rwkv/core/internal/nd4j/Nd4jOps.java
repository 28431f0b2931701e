package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.StatePart;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.tensor.StoredTensor;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinear;
import org.nd4j.linalg.factory.Nd4j;

import java.util.function.Consumer;

/** The operations composed of ND4J calls, into scratch arrays that are used again. */
final class Nd4jOps implements Ops {
    private static final double LAYER_NORM_EPS = 1e-5;
    private static final double GROUP_NORM_EPS = 64e-5;
    private static final double SHORTEST_HEAD = 1e-12;

    private final Consumer<Nd4jOps> giveBack;
    private final ScratchArrays scratch = new ScratchArrays();
    private float[] hostRow = new float[0];

    /** @param giveBack receives this object when it is closed, to use it for another call or to free it */
    Nd4jOps(Consumer<Nd4jOps> giveBack) {
        this.giveBack = giveBack;
    }

    private static INDArray array(Activations x) {
        return ((Nd4jActivations) x).array;
    }

    static INDArray row(Vector v) {
        return ((Nd4jVector) v).row();
    }

    private Nd4jActivations like(Activations x) {
        return scratch.take(x.rows(), x.columns());
    }

    @Override
    public int mark() {
        return scratch.mark();
    }

    @Override
    public void release(int mark) {
        scratch.release(mark);
    }

    @Override
    public Activations embed(StoredTensor table, int[] tokens, int from, int count) {
        int columns = (int) table.length(1);
        Nd4jActivations out = scratch.take(count, columns);
        if (hostRow.length != columns) {
            hostRow = new float[columns];
        }
        for (int t = 0; t < count; t++) {
            table.read((long) tokens[from + t] * columns, hostRow, 0, columns);
            HostCopies.write(hostRow, 0, columns, out.array, t * columns);
        }
        return out;
    }

    @Override
    public Activations layerNorm(Activations x, Vector weight, Vector bias) {
        Nd4jActivations out = like(x);
        HeadOps.normalise(scratch, array(x), LAYER_NORM_EPS, out.array);
        out.array.muli(row(weight)).addi(row(bias));
        return out;
    }

    @Override
    public Activations shift(Activations x, StatePart last) {
        Nd4jActivations in = (Nd4jActivations) x;
        Nd4jActivations previous = like(x);
        int rows = x.rows();
        int columns = x.columns();
        int sequences = last.sequences();
        if (rows > sequences) {
            previous.rows(1, rows).assign(in.rows(0, rows - 1));
        }
        int[] lastRows = new int[sequences];
        for (int i = 0; i < sequences; i++) {
            HostCopies.write(last.before(i), 0, columns, previous.array, last.row(i) * columns);
            lastRows[i] = last.row(i) + last.rows(i) - 1;
        }
        int mark = mark();
        INDArray ends = array(pick(x, lastRows, 0, sequences));
        for (int i = 0; i < sequences; i++) {
            HostCopies.read(ends, i * columns, last.after(i), 0, columns);
        }
        release(mark);
        previous.array.subi(in.array);
        return previous;
    }

    @Override
    public Activations mix(Activations x, Activations delta, Vector weight) {
        Nd4jActivations out = like(x);
        array(delta).muli(row(weight), out.array);
        out.array.addi(array(x));
        return out;
    }

    @Override
    public Activations linear(Matrix w, Activations x) {
        INDArray weights = ((Nd4jMatrix) w).array();
        Nd4jActivations in = (Nd4jActivations) x;
        Nd4jActivations out = scratch.take(x.rows(), w.rows());
        if (x.rows() == 1) {
            weights.mmuli(in.flat(), out.flat());
        } else {
            // W·Xᵀ into Yᵀ: column-major for BLAS, row-major for us, and nothing is copied.
            weights.mmuli(in.transposed(), out.transposed());
        }
        return out;
    }

    @Override
    public Activations mix(Activations x, Activations delta, Activations weight) {
        Nd4jActivations out = like(x);
        array(delta).muli(array(weight), out.array);
        out.array.addi(array(x));
        return out;
    }

    @Override
    public Activations defer(Projection map, Activations x) {
        Activations in = x;
        if (map.down() != null) {
            in = linear(map.down(), x);
            Functions.apply(map.waist(), array(in), array(in));
        }
        Activations out = linear(map.matrix(), in);
        if (map.bias() != null) {
            array(out).addi(row(map.bias()));
        }
        return out;
    }

    /** Nothing is left to do: this engine gains nothing by waiting. */
    @Override
    public void computeDeferred() {
        // Computed when deferred.
    }

    @Override
    public Activations apply(Nonlinearity f, Activations x) {
        Nd4jActivations out = like(x);
        Functions.apply(f, array(x), out.array);
        return out;
    }

    @Override
    public Activations gate(Nonlinearity f, Activations gate, Activations x) {
        Activations out = apply(f, gate);
        array(out).muli(array(x));
        return out;
    }

    @Override
    public Activations multiply(Activations x, Activations y) {
        Nd4jActivations out = like(x);
        array(x).muli(array(y), out.array);
        return out;
    }

    @Override
    public Activations scale(Activations x, Vector weight) {
        Nd4jActivations out = like(x);
        array(x).muli(row(weight), out.array);
        return out;
    }

    @Override
    public Activations subtract(Activations x, Activations y) {
        Nd4jActivations out = like(x);
        array(x).subi(array(y), out.array);
        return out;
    }

    @Override
    public void addTo(Activations sum, Activations y) {
        array(sum).addi(array(y));
    }

    @Override
    public Activations copy(Activations x) {
        Nd4jActivations out = like(x);
        out.array.assign(array(x));
        return out;
    }

    @Override
    public void copyTo(Activations target, Activations x) {
        array(target).assign(array(x));
    }

    @Override
    public Activations repeat(Vector row, int rows) {
        Nd4jActivations out = scratch.take(rows, row.length());
        out.array.assign(0).addi(row(row));
        return out;
    }

    @Override
    public Activations pick(Activations x, int[] rows, int from, int count) {
        Nd4jActivations in = (Nd4jActivations) x;
        Nd4jActivations out = scratch.take(count, x.columns());
        int end;
        for (int i = 0; i < count; i = end) {
            end = i + 1;
            while (end < count && rows[from + end] == rows[from + end - 1] + 1) {
                end++; // neighbours in one call
            }
            out.rows(i, end).assign(in.rows(rows[from + i], rows[from + end - 1] + 1));
        }
        return out;
    }

    @Override
    public Activations logProbabilities(Activations logits, int[] tokens, int from) {
        Nd4jActivations out = scratch.take(logits.rows(), 1);
        int mark = mark();
        INDArray most = scratch.take(logits.rows(), 1).array;
        INDArray scaled = like(logits).array;
        HeadOps.maxima(array(logits), most);
        array(logits).subi(most, scaled);
        float[] own = new float[1];
        for (int t = 0; t < logits.rows(); t++) {
            HostCopies.read(scaled, Math.addExact(t * logits.columns(), tokens[from + t]), own, 0, 1);
            HostCopies.write(own, 0, 1, out.array, t);
        }
        Functions.exp(scaled);
        HeadOps.sums(scaled, most);
        Functions.log(most);
        out.array.subi(most);
        release(mark);
        return out;
    }

    @Override
    public Activations wkv4(Activations k, Activations v, Vector logDecay, Vector bonus, StatePart aa, StatePart bb,
            StatePart pp) {
        Nd4jActivations out = like(k);
        SequenceRun.each(aa, run -> {
            int mark = mark();
            INDArray decays = HeadOps.repeat(scratch, row(logDecay), run.sequences());
            INDArray bonuses = HeadOps.repeat(scratch, row(bonus), run.sequences());
            new Wkv4(scratch, run.tokens(), run.sequences() * k.columns()).apply(run, run.of(k), run.of(v), decays,
                    bonuses,
                    aa, bb, pp, run.of(out));
            release(mark);
        });
        return out;
    }

    /** One row for each head: [T · H, N] of [T, C], the same memory. */
    private static INDArray headRows(Activations x, int heads) {
        return array(x).reshape((long) x.rows() * heads, x.columns() / heads);
    }

    @Override
    public Activations groupNorm(Activations x, int heads, Vector weight, Vector bias) {
        Nd4jActivations out = like(x);
        HeadOps.normalise(scratch, headRows(x, heads), GROUP_NORM_EPS, headRows(out, heads));
        out.array.muli(row(weight)).addi(row(bias));
        return out;
    }

    @Override
    public Activations unitHeads(Activations x, int heads) {
        Nd4jActivations out = like(x);
        int mark = mark();
        INDArray lengths = scratch.take(x.rows() * heads, 1).array;
        HeadOps.lengths(headRows(x, heads), lengths);
        // The larger of the two, like ScalarMax, which makes SHORTEST_HEAD of NaN, however.
        Nd4j.getExecutioner().exec(new RectifiedLinear(lengths, lengths, SHORTEST_HEAD));
        headRows(x, heads).divi(lengths, headRows(out, heads));
        release(mark);
        return out;
    }

    @Override
    public Activations headBonus(Activations r, Activations k, Vector weight, Activations v, int heads) {
        Nd4jActivations out = like(r);
        int mark = mark();
        array(r).muli(array(k), out.array);
        out.array.muli(row(weight));
        INDArray sums = scratch.take(r.rows() * heads, 1).array;
        HeadOps.sums(headRows(out, heads), sums);
        headRows(v, heads).muli(sums, headRows(out, heads));
        release(mark);
        return out;
    }

    @Override
    public Activations timesOwnMatrix(Activations x, Activations matrices) {
        Nd4jActivations out = like(x);
        int rows = x.rows();
        int n = x.columns();
        HeadOps.multiply(array(x).reshape(rows, 1, n), false, array(matrices).reshape(rows, n, n), false,
                out.array.reshape(rows, 1, n));
        return out;
    }

    @Override
    public Activations wkv6(Activations r, Activations k, Activations v, Activations logDecay, int heads,
            StatePart s) {
        Nd4jActivations out = like(r);
        SequenceRun.each(s, run -> {
            int mark = mark();
            new Wkv6(scratch, run.tokens(), run.sequences() * heads, r.columns() / heads).apply(run, run.of(r),
                    run.of(k),
                    run.of(v), run.of(logDecay), s, run.of(out));
            release(mark);
        });
        return out;
    }

    @Override
    public Activations wkv7(Activations r, Activations k, Activations v, Activations logDecay, Activations kk,
            Activations add, int heads, StatePart s) {
        Nd4jActivations out = like(r);
        SequenceRun.each(s, run -> {
            int mark = mark();
            new Wkv7(scratch, run.tokens(), run.sequences() * heads, r.columns() / heads).apply(run, run.of(r),
                    run.of(k),
                    run.of(v), run.of(logDecay), run.of(kk), run.of(add), s, run.of(out));
            release(mark);
        });
        return out;
    }

    @Override
    public void read(Activations x, int row, int rows, float[] to, int at) {
        HostCopies.read(array(x), row * x.columns(), to, at, rows * x.columns());
    }

    @Override
    public void close() {
        scratch.endCall();
        giveBack.accept(this);
    }

    void free() {
        scratch.close();
    }
}
