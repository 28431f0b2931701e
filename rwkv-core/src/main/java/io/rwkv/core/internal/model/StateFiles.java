package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.SafetensorsReader;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** States as safetensors: {@code state.LAYER.PART}, F32, with a format version and the model's fingerprint as metadata. */
public final class StateFiles {
    private static final String KIND_KEY = "format";
    private static final String KIND = "rwkv-state";
    private static final String VERSION_KEY = "format_version";
    private static final String VERSION = "1";
    private static final String MODEL_KEY = "model_fingerprint";

    private StateFiles() {
    }

    /** Adds all parts to a file in the making. */
    public static void addTo(SafetensorsWriter writer, StateArrays state) {
        List<StateLayout.Part> parts = state.layout().parts();
        for (int layer = 0; layer < state.layout().layers(); layer++) {
            for (int p = 0; p < parts.size(); p++) {
                long[] shape = parts.get(p).shape().stream().mapToLong(n -> n).toArray();
                writer.floats(name(layer, parts.get(p)), shape, state.array(layer, p));
            }
        }
    }

    private static String name(int layer, StateLayout.Part part) {
        return "state." + layer + "." + part.name();
    }

    /** Writes a state. */
    public static void save(StateArrays state, String fingerprint, Path path) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter().metadata(KIND_KEY, KIND).metadata(VERSION_KEY, VERSION)
                .metadata(MODEL_KEY, fingerprint);
        addTo(writer, state);
        writer.write(path);
    }

    /** Reads a state that {@link #save} wrote for the same model. */
    public static StateArrays load(StateLayout layout, String fingerprint, Path path) throws IOException {
        TensorFile file = SafetensorsReader.open(path);
        check(file, KIND_KEY, KIND, "a saved RWKV state");
        check(file, VERSION_KEY, VERSION, "a state of a version that this library reads");
        check(file, MODEL_KEY, fingerprint, "a state of this model");
        StateArrays state = new StateArrays(layout);
        int count = layout.layers() * layout.parts().size();
        if (file.names().size() != count) {
            throw RwkvFormatException.inFile(path,
                    "expected " + count + " state tensors, found " + file.names().size());
        }
        for (int layer = 0; layer < layout.layers(); layer++) {
            for (int p = 0; p < layout.parts().size(); p++) {
                StateLayout.Part part = layout.parts().get(p);
                long[] shape = part.shape().stream().mapToLong(n -> n).toArray();
                StoredTensor tensor = file.tensor(name(layer, part), shape);
                if (tensor.dtype() != DType.F32) {
                    throw RwkvFormatException.inTensor(path, tensor.name(), "expected F32, found " + tensor.dtype());
                }
                tensor.read(0, state.array(layer, p), 0, part.size());
            }
        }
        return state;
    }

    private static void check(TensorFile file, String key, String expected, String what) {
        String found = file.metadata().get(key);
        if (!expected.equals(found)) {
            throw RwkvFormatException.inFile(file.path(), "expected " + what + " (" + key + " " + expected
                    + "), found " + (found == null ? "no " + key : key + " " + found));
        }
    }
}
