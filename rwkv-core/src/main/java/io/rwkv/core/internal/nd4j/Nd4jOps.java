package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.StatePart;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.tensor.StoredTensor;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.floating.Mean;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinear;
import org.nd4j.linalg.api.ops.impl.transforms.floating.RSqrt;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Sigmoid;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The operations composed of ND4J calls, into scratch arrays that are used again. */
final class Nd4jOps implements Ops {
    private static final double LAYER_NORM_EPS = 1e-5;

    private final Nd4jEngine engine;
    final ScratchArrays scratch = new ScratchArrays();
    private float[] hostRow = new float[0];

    Nd4jOps(Nd4jEngine engine) {
        this.engine = engine;
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
        int columns = (int) table.shape()[1];
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
        int mark = mark();
        // ND4J's own layer norm has no eps.
        INDArray moment = scratch.take(x.rows(), 1).array;
        Nd4j.getExecutioner().exec(new Mean(array(x), moment, true, 1));
        array(x).subi(moment, out.array);
        INDArray squares = like(x).array;
        out.array.muli(out.array, squares);
        Nd4j.getExecutioner().exec(new Mean(squares, moment, true, 1));
        moment.addi(LAYER_NORM_EPS);
        Nd4j.getExecutioner().exec(new RSqrt(moment, moment));
        out.array.muli(moment).muli(row(weight)).addi(row(bias));
        release(mark);
        return out;
    }

    @Override
    public Activations shift(Activations x, StatePart last) {
        Nd4jActivations in = (Nd4jActivations) x;
        Nd4jActivations previous = like(x);
        int rows = x.rows();
        HostCopies.write(last.before(), 0, x.columns(), previous.array, 0);
        if (rows > 1) {
            previous.rows(1, rows).assign(in.rows(0, rows - 1));
        }
        int mark = mark();
        read(lastRow(x), last.after(), 0);
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
    public Activations sigmoidGate(Activations gate, Activations x) {
        Nd4jActivations out = like(x);
        Nd4j.getExecutioner().exec(new Sigmoid(array(gate), out.array));
        out.array.muli(array(x));
        return out;
    }

    @Override
    public Activations squaredRelu(Activations x) {
        Nd4jActivations out = like(x);
        Nd4j.getExecutioner().exec(new RectifiedLinear(array(x), out.array, 0.0));
        out.array.muli(out.array);
        return out;
    }

    @Override
    public void addTo(Activations sum, Activations y) {
        array(sum).addi(array(y));
    }

    @Override
    public Activations lastRow(Activations x) {
        Nd4jActivations out = scratch.take(1, x.columns());
        out.array.assign(((Nd4jActivations) x).rows(x.rows() - 1, x.rows()));
        return out;
    }

    @Override
    public Activations wkv4(Activations k, Activations v, Vector decay, Vector bonus, StatePart aa, StatePart bb,
            StatePart pp) {
        Nd4jActivations out = like(k);
        int mark = mark();
        new Wkv4(this, k.rows(), k.columns()).apply(array(k), array(v), row(decay), row(bonus), aa, bb, pp, out.array);
        release(mark);
        return out;
    }

    @Override
    public void read(Activations x, float[] to, int at) {
        HostCopies.read(array(x), to, at, x.rows() * x.columns());
    }

    @Override
    public void read(Activations x, INDArray to, long row) {
        to.get(NDArrayIndex.interval(row, row + x.rows()), NDArrayIndex.all()).assign(array(x));
    }

    @Override
    public void close() {
        scratch.endCall();
        engine.giveBack(this);
    }

    void free() {
        scratch.close();
    }
}
