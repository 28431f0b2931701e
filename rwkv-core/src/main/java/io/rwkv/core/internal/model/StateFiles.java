package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.Providers;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.SafetensorsReader;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.core.tensor.TensorFileOpener;

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

    /**
     * A state whose matrices were tuned, and which has read nothing: {@code blocks.N.att.time_state}, [H, N, N]. Training code
     * for RWKV-5 and 6 indexes them [value channel][key channel], so they are transposed here; for RWKV-7 not.
     */
    public static StateArrays loadTuned(RwkvConfig config, Path path) throws IOException {
        if (config.heads() == 0) {
            throw new IllegalArgumentException("tuned states: expected a model of RWKV-5 or later, found "
                    + config.version());
        }
        TensorFileOpener opener = Providers.of(TensorFileOpener.class).stream().findFirst()
                .orElse(SafetensorsReader::open);
        TensorFile file = opener.open(path);
        StateArrays state = new StateArrays(StateLayout.of(config));
        int n = config.headSize();
        boolean transposed = config.version() != RwkvVersion.V7 && config.version() != RwkvVersion.V7A;
        for (int layer = 0; layer < config.layers(); layer++) {
            float[] tuned = file.tensor("blocks." + layer + ".att.time_state", config.heads(), n, n).toFloats();
            float[] to = state.array(layer, MatrixState.ATT_KV);
            for (int i = 0; i < tuned.length; i++) {
                int row = i / n % n;
                int column = i % n;
                to[transposed ? i - row * n - column + column * n + row : i] = tuned[i];
            }
        }
        String beyond = "blocks." + config.layers() + ".att.time_state";
        if (file.contains(beyond)) {
            throw RwkvFormatException.inTensor(path, beyond,
                    "expected a tuned state for " + config.layers() + " layers, found more");
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
