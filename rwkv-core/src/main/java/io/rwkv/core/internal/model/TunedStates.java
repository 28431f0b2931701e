package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.TensorFile;

/** Finds tuned initial states, each as its version's {@link TunedState} says. */
public final class TunedStates {
    private TunedStates() {
    }

    /**
     * Refuses what a model of this checkpoint would refuse of the state that it holds, if it holds one. Reads that state.
     *
     * @param tensors all that the model is made of
     * @throws io.rwkv.core.RwkvFormatException if a value is infinite or no number
     */
    public static void check(TensorFile tensors, RwkvConfig config) {
        inside(tensors, config);
    }

    /**
     * The states of a model whose checkpoint may hold a tuned one.
     *
     * @param tensors all that the model is made of
     */
    static StateLayout inside(TensorFile tensors, RwkvConfig config) {
        StateLayout layout = Versions.stateLayout(config);
        TunedState tuned = Versions.of(config.version()).tunedState();
        return tuned != null && tensors.contains(TensorName.prefix(0) + tuned.tensor())
                ? tuned.startOf(layout, tensors, config)
                : layout;
    }

    /**
     * The states that start from what a file of its own holds.
     *
     * @throws IllegalArgumentException if the version has no tuned states
     * @throws RwkvFormatException if the file holds anything else than one for this model
     */
    static StateLayout alone(TensorFile file, RwkvConfig config) {
        TunedState tuned = Versions.of(config.version()).tunedState();
        if (tuned == null) {
            throw new IllegalArgumentException("tuned states: expected a model of RWKV-5 or later, found "
                    + config.version());
        }
        for (String name : file.names()) {
            TensorName parts = TensorName.of(name);
            if (parts.layer() < 0 || !parts.below().equals(tuned.tensor())) {
                throw RwkvFormatException.inTensor(file.path(), file.nameInFile(name),
                        "expected a tuned state alone, blocks.N." + tuned.tensor() + ", found this beside it or instead"
                                + Strangers.remark(name));
            }
            if (parts.layer() >= config.layers()) {
                throw RwkvFormatException.inTensor(file.path(), name,
                        "expected a tuned state for " + config.layers() + " layers, found more");
            }
        }
        return tuned.startOf(Versions.stateLayout(config), file, config);
    }
}
