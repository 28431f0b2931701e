package io.rwkv.simd.internal.schedule;

import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Projection;
import io.rwkv.simd.internal.memory.Scratch;
import io.rwkv.simd.internal.memory.SimdActivations;
import io.rwkv.simd.internal.memory.SimdVector;
import io.rwkv.simd.internal.memory.TiledMatrix;

import java.util.ArrayList;
import java.util.List;

/** Linear maps that do not depend on each other in at most two parallel regions: down to all waists, and up from them. */
public final class Projections {
    private final Scratch scratch;
    private final Products products;
    private final RowWork rows;
    private final List<Deferred> deferred = new ArrayList<>(); // used again and again
    private int count;

    private static final class Deferred {
        private Projection map;
        private SimdActivations waist; // null for a map without one
        private SimdActivations out;
    }

    public Projections(Scratch scratch, Products products, RowWork rows) {
        this.scratch = scratch;
        this.products = products;
        this.rows = rows;
    }

    /** The result, to be computed by {@link #run}. */
    public SimdActivations add(Projection map, SimdActivations x) {
        if (count == deferred.size()) {
            deferred.add(new Deferred());
        }
        Deferred next = deferred.get(count++);
        next.map = map;
        next.waist = map.down() == null ? null : product(map.down(), x);
        next.out = map.down() == null ? product(map.matrix(), x) : scratch.take(x.rows, map.matrix().rows());
        return next.out;
    }

    /** Computes what has been added since the last time. */
    public void run() {
        try {
            products.run();
            boolean low = false;
            for (int i = 0; i < count; i++) {
                Deferred next = deferred.get(i);
                if (next.waist != null) {
                    products.add((TiledMatrix) next.map.matrix(), apply(next.map.waist(), next.waist), next.out);
                    low = true;
                }
            }
            if (low) {
                products.run();
            }
            for (int i = 0; i < count; i++) {
                Deferred next = deferred.get(i);
                if (next.map.bias() != null) {
                    rows.add(next.out, ((SimdVector) next.map.bias()).values());
                }
            }
        } finally {
            drop();
        }
    }

    /** Forgets what has been added since the last run. */
    public void drop() {
        count = 0;
    }

    private SimdActivations apply(Nonlinearity f, SimdActivations x) {
        if (f == Nonlinearity.IDENTITY) {
            return x;
        }
        SimdActivations result = scratch.take(x.rows, x.columns);
        rows.apply(f, x, result);
        return result;
    }

    private SimdActivations product(Matrix matrix, SimdActivations x) {
        SimdActivations result = scratch.take(x.rows, matrix.rows());
        products.add((TiledMatrix) matrix, x, result);
        return result;
    }
}
