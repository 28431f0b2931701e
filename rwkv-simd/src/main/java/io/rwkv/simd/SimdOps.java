package io.rwkv.simd;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.StatePart;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.simd.internal.kernel.Elementwise;
import io.rwkv.simd.internal.memory.Scratch;
import io.rwkv.simd.internal.memory.SimdActivations;
import io.rwkv.simd.internal.memory.SimdVector;
import io.rwkv.simd.internal.memory.TiledMatrix;
import io.rwkv.simd.internal.schedule.HeadDecays;
import io.rwkv.simd.internal.schedule.LogSums;
import io.rwkv.simd.internal.schedule.Products;
import io.rwkv.simd.internal.schedule.Projections;
import io.rwkv.simd.internal.schedule.Recurrence4;
import io.rwkv.simd.internal.schedule.Recurrence6;
import io.rwkv.simd.internal.schedule.Recurrence7;
import io.rwkv.simd.internal.schedule.RowWork;
import io.rwkv.simd.internal.schedule.ThreadTeam;

import java.lang.ref.SoftReference;
import java.util.Arrays;

/** The operations on arrays of the heap. Shared by a team of threads. */
final class SimdOps implements Ops {
    private static final float LAYER_NORM_EPS = 1e-5f;
    private static final float GROUP_NORM_EPS = 64e-5f;

    private final SimdEngine engine;
    /** For the engine's list of idle ones: the garbage collector may have them when memory is short. */
    final SoftReference<SimdOps> soft = new SoftReference<>(this);
    private final Scratch scratch = new Scratch();
    private final RowWork rows;
    private final Products products;
    private final Projections projections;
    private final Recurrence4 recurrence4;
    private final Recurrence6 recurrence6;
    private final Recurrence7 recurrence7;
    private final LogSums logSums;

    SimdOps(SimdEngine engine, ThreadTeam team) {
        this.engine = engine;
        this.rows = new RowWork(team);
        this.products = new Products(team, engine.skippedUnits());
        this.projections = new Projections(scratch, products, rows);
        HeadDecays decays = new HeadDecays(team.size());
        this.recurrence4 = new Recurrence4(team);
        this.recurrence6 = new Recurrence6(team, decays);
        this.recurrence7 = new Recurrence7(team, decays);
        this.logSums = new LogSums(team);
    }

    private static SimdActivations of(Activations x) {
        return (SimdActivations) x;
    }

    private static float[] values(Activations x) {
        return ((SimdActivations) x).values;
    }

    private static float[] values(Vector v) {
        return ((SimdVector) v).values();
    }

    private SimdActivations like(Activations x) {
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
        SimdActivations out = scratch.take(count, columns);
        for (int t = 0; t < count; t++) {
            table.read((long) tokens[from + t] * columns, out.values, t * columns, columns);
        }
        return out;
    }

    @Override
    public Activations layerNorm(Activations x, Vector weight, Vector bias) {
        return normalise(x, 1, LAYER_NORM_EPS, weight, bias);
    }

    @Override
    public Activations groupNorm(Activations x, int heads, Vector weight, Vector bias) {
        return normalise(x, heads, GROUP_NORM_EPS, weight, bias);
    }

    private Activations normalise(Activations x, int groups, float eps, Vector weight, Vector bias) {
        SimdActivations out = like(x);
        rows.normalise(of(x), groups, eps, values(weight), values(bias), out);
        return out;
    }

    @Override
    public Activations shift(Activations x, StatePart last) {
        SimdActivations out = like(x);
        float[] values = values(x);
        int n = x.columns();
        int sequences = last.sequences();
        if (x.rows() > sequences) {
            rows.difference(of(x), out);
        }
        for (int i = 0; i < sequences; i++) {
            int first = last.row(i);
            Elementwise.subtract(last.before(i), 0, values, first * n, out.values, first * n, n);
            System.arraycopy(values, (first + last.rows(i) - 1) * n, last.after(i), 0, n);
        }
        return out;
    }

    @Override
    public Activations mix(Activations x, Activations delta, Vector weight) {
        SimdActivations out = like(x);
        rows.mix(of(x), of(delta), values(weight), out);
        return out;
    }

    @Override
    public Activations mix(Activations x, Activations delta, Activations weight) {
        SimdActivations out = like(x);
        rows.mix(of(x), of(delta), of(weight), out);
        return out;
    }

    @Override
    public Activations linear(Matrix w, Activations x) {
        SimdActivations out = scratch.take(x.rows(), w.rows());
        products.add((TiledMatrix) w, of(x), out);
        products.run();
        return out;
    }

    @Override
    public Activations defer(Projection map, Activations x) {
        return projections.add(map, of(x));
    }

    @Override
    public void computeDeferred() {
        projections.run();
    }

    @Override
    public Activations apply(Nonlinearity f, Activations x) {
        SimdActivations out = like(x);
        rows.apply(f, of(x), out);
        return out;
    }

    @Override
    public Activations gate(Nonlinearity f, Activations gate, Activations x) {
        SimdActivations out = like(x);
        rows.gate(f, of(gate), of(x), out);
        return out;
    }

    @Override
    public Activations multiply(Activations x, Activations y) {
        SimdActivations out = like(x);
        rows.multiply(of(x), of(y), out);
        return out;
    }

    @Override
    public Activations scale(Activations x, Vector weight) {
        SimdActivations out = like(x);
        rows.scale(of(x), values(weight), out);
        return out;
    }

    @Override
    public Activations subtract(Activations x, Activations y) {
        SimdActivations out = like(x);
        rows.subtract(of(x), of(y), out);
        return out;
    }

    @Override
    public void addTo(Activations sum, Activations y) {
        rows.add(of(sum), of(y));
    }

    @Override
    public Activations copy(Activations x) {
        SimdActivations out = like(x);
        copyTo(out, x);
        return out;
    }

    @Override
    public void copyTo(Activations target, Activations x) {
        System.arraycopy(values(x), 0, values(target), 0, of(x).size());
    }

    @Override
    public Activations repeat(Vector row, int rows) {
        SimdActivations out = scratch.take(rows, row.length());
        for (int t = 0; t < rows; t++) {
            System.arraycopy(values(row), 0, out.values, t * row.length(), row.length());
        }
        return out;
    }

    @Override
    public Activations pick(Activations x, int[] rows, int from, int count) {
        int n = x.columns();
        SimdActivations out = scratch.take(count, n);
        for (int i = 0; i < count; i++) {
            System.arraycopy(values(x), rows[from + i] * n, out.values, i * n, n);
        }
        return out;
    }

    @Override
    public Activations logProbabilities(Activations logits, int[] tokens, int from) {
        SimdActivations out = scratch.take(logits.rows(), 1);
        logSums.run(of(logits), out);
        for (int t = 0; t < logits.rows(); t++) {
            out.values[t] = values(logits)[t * logits.columns() + tokens[from + t]] - out.values[t];
        }
        return out;
    }

    @Override
    public Activations unitHeads(Activations x, int heads) {
        SimdActivations out = like(x);
        rows.unitHeads(of(x), heads, out);
        return out;
    }

    @Override
    public Activations headBonus(Activations r, Activations k, Vector weight, Activations v, int heads) {
        SimdActivations out = like(r);
        rows.headBonus(of(r), of(k), values(weight), of(v), heads, out);
        return out;
    }

    @Override
    public Activations timesOwnMatrix(Activations x, Activations matrices) {
        SimdActivations out = like(x);
        int n = x.columns();
        Arrays.fill(out.values, 0, out.size(), 0);
        for (int t = 0; t < x.rows(); t++) {
            for (int i = 0; i < n; i++) {
                Elementwise.addScaled(values(x)[t * n + i], values(matrices), (t * n + i) * n, out.values, t * n, n);
            }
        }
        return out;
    }

    @Override
    public Activations wkv4(Activations k, Activations v, Vector logDecay, Vector bonus, StatePart aa, StatePart bb,
            StatePart pp) {
        SimdActivations out = like(k);
        recurrence4.run(of(k), of(v), values(logDecay), values(bonus), aa, bb, pp, out);
        return out;
    }

    @Override
    public Activations wkv6(Activations r, Activations k, Activations v, Activations logDecay, int heads,
            StatePart s) {
        SimdActivations out = like(r);
        recurrence6.run(of(r), of(k), of(v), of(logDecay), heads, s, out);
        return out;
    }

    @Override
    public Activations wkv7(Activations r, Activations k, Activations v, Activations logDecay, Activations kk,
            Activations add, int heads, StatePart s) {
        SimdActivations out = like(r);
        recurrence7.run(of(r), of(logDecay), of(k), of(v), of(kk), of(add), heads, s, out);
        return out;
    }

    @Override
    public void read(Activations x, int row, int rows, float[] to, int at) {
        System.arraycopy(values(x), row * x.columns(), to, at, rows * x.columns());
    }

    /** Of arrays that are used again. */
    long bytes() {
        return scratch.bytes() + products.bytes();
    }

    @Override
    public void close() {
        // Nothing is left of a call that failed part-way.
        projections.drop();
        products.drop();
        endCall();
        engine.giveBack(this);
    }

    /** One of its own calls has ended, or one that others made while it was idle. */
    void endCall() {
        if (scratch.endCall()) {
            products.clear(); // their arrays are about as large as their inputs, or small
        }
    }
}
