package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.util.Arrays;

/**
 * How files hold an initial state that was tuned: in each layer a tensor of the shape of one part of the state.
 *
 * @param tensor below {@code blocks.N.}, [H, N, N]
 * @param part the part of the state it is, by its index in the {@link StateLayout}
 * @param transposed whether its rows are the part's columns: training code for RWKV-5 and 6 writes
 *         [value channel][key channel], and their states are [key channel][value channel]
 */
record TunedState(String tensor, int part, boolean transposed) {
    /** The states that start from what a file holds. */
    StateLayout startOf(StateLayout layout, TensorFile file, RwkvConfig config) {
        float[][] values = new float[config.layers()][];
        Arrays.setAll(values, layer -> values(file, TensorName.prefix(layer) + tensor, config));
        return layout.startingFrom(part, values);
    }

    private float[] values(TensorFile file, String name, RwkvConfig config) {
        int n = config.headSize();
        StoredTensor stored = file.tensor(name, config.heads(), n, n);
        float[] values = stored.toFloats();
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw RwkvFormatException.inTensor(file.path(), file.nameInFile(name),
                        "expected finite numbers, found " + value);
            }
        }
        return transposed ? transposed(values, n) : values;
    }

    /** Each of the matrices [n, n]. */
    private static float[] transposed(float[] values, int n) {
        float[] to = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            int row = i / n % n;
            int column = i % n;
            to[i - row * n - column + column * n + row] = values[i];
        }
        return to;
    }
}
