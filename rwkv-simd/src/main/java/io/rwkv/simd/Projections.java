package io.rwkv.simd;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Projection;

/** Linear maps that do not depend on each other in at most two parallel regions: down to all waists, and up from them. */
final class Projections {
    private final Scratch scratch;
    private final Products products;
    private final SharedRows rows;

    Projections(Scratch scratch, Products products, SharedRows rows) {
        this.scratch = scratch;
        this.products = products;
        this.rows = rows;
    }

    /** {@code maps[i]} of {@code xs[i]}. */
    Activations[] apply(Projection[] maps, Activations[] xs) {
        Activations[] out = new Activations[maps.length];
        for (int i = 0; i < maps.length; i++) {
            Matrix first = maps[i].down() == null ? maps[i].matrix() : maps[i].down();
            out[i] = product(first, (SimdActivations) xs[i]);
        }
        products.run();
        boolean low = false;
        for (int i = 0; i < maps.length; i++) {
            if (maps[i].down() != null) {
                SimdActivations waist = (SimdActivations) out[i];
                Nonlinearity f = maps[i].waist();
                if (f != Nonlinearity.IDENTITY) {
                    VectorMath.apply(f, waist.values, waist.values, 0, waist.size());
                }
                out[i] = product(maps[i].matrix(), waist);
                low = true;
            }
        }
        if (low) {
            products.run();
        }
        for (int i = 0; i < maps.length; i++) {
            if (maps[i].bias() != null) {
                addBias((SimdActivations) out[i], ((SimdVector) maps[i].bias()).values());
            }
        }
        return out;
    }

    /** To be computed by the next run of all. */
    private SimdActivations product(Matrix matrix, SimdActivations x) {
        SimdActivations result = scratch.take(x.rows, matrix.rows());
        products.add((TiledMatrix) matrix, x, result);
        return result;
    }

    private void addBias(SimdActivations x, float[] bias) {
        if (x.rows == 1) {
            Elementwise.addRow(x.values, bias, x.values, 0, x.columns);
        } else {
            rows.share(x.rows, (from, to) -> {
                for (int t = from; t < to; t++) {
                    Elementwise.addRow(x.values, bias, x.values, t * x.columns, x.columns);
                }
            });
        }
    }
}
