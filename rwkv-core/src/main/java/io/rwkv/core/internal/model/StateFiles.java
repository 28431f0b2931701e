package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.internal.Providers;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.internal.tensor.TensorFileOpener;
import io.rwkv.core.tensor.SafetensorsWriter;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * States as safetensors: {@code state.LAYER.PART}, F32, with a format version, the model's fingerprint and a checksum of the data
 * as metadata.
 */
public final class StateFiles {
    private static final Path BYTES = Path.of("saved state"); // where there is no file to name
    private static final int BUFFER = 1 << 14; // floats

    private StateFiles() {
    }

    /** Adds copies of all parts to a file in the making. */
    public static void addTo(SafetensorsWriter writer, StateArrays state) {
        add(writer, state.copy());
    }

    /** Adds all parts themselves. */
    private static void add(SafetensorsWriter writer, StateArrays state) {
        List<StateLayout.Part> parts = state.layout().parts();
        for (int layer = 0; layer < state.layout().layers(); layer++) {
            for (int p = 0; p < parts.size(); p++) {
                writer.floats(SavedFormat.name(layer, parts.get(p)), SavedFormat.shape(parts.get(p)),
                        state.array(layer, p));
            }
        }
    }

    /**
     * What a state is saved as; holds on to its arrays.
     *
     * @throws ArithmeticException if it is not made of numbers alone
     */
    public static SafetensorsWriter saved(StateArrays state, String fingerprint) {
        checkFinite(state);
        SafetensorsWriter writer = new SafetensorsWriter().metadata(SavedFormat.KIND_KEY, SavedFormat.KIND)
                .metadata(SavedFormat.VERSION_KEY, SavedFormat.VERSION)
                .metadata(SavedFormat.MODEL_KEY, fingerprint)
                .metadata(SavedFormat.CHECKSUM_KEY, SavedFormat.hex(checksum(state)));
        add(writer, state);
        return writer;
    }

    private static void checkFinite(StateArrays state) {
        List<StateLayout.Part> parts = state.layout().parts();
        for (int layer = 0; layer < state.layout().layers(); layer++) {
            for (int p = 0; p < parts.size(); p++) {
                String name = SavedFormat.name(layer, parts.get(p));
                SavedFormat.firstNotFinite(state.array(layer, p)).ifPresent(value -> {
                    throw new ArithmeticException(name + ": expected finite numbers, found " + value);
                });
            }
        }
    }

    /** Of all parts as they are written. */
    private static CRC32C checksum(StateArrays state) {
        CRC32C sum = new CRC32C();
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        for (float[] array : state.arrays()) {
            for (int done = 0; done < array.length; done += BUFFER) {
                int count = Math.min(BUFFER, array.length - done);
                bytes.clear().limit(Float.BYTES * count);
                bytes.asFloatBuffer().put(array, done, count);
                sum.update(bytes);
            }
        }
        return sum;
    }

    /** Reads a state that was saved for the same model, and is all that the file holds. */
    public static StateArrays load(StateLayout layout, String fingerprint, Path path) throws IOException {
        if (Files.isDirectory(path)) {
            throw new IOException(path + ": expected a saved state, found a folder"); // some systems would open it
        }
        try (InputStream in = Files.newInputStream(path)) {
            return whole(new StateReader(layout, fingerprint, in, path));
        }
    }

    /** As from a file. */
    public static StateArrays load(StateLayout layout, String fingerprint, byte[] saved) {
        try {
            return whole(new StateReader(layout, fingerprint, new ByteArrayInputStream(saved), BYTES));
        } catch (IOException e) {
            throw new UncheckedIOException("bytes in memory can always be read", e);
        }
    }

    private static StateArrays whole(StateReader reader) throws IOException {
        StateArrays state = reader.read();
        reader.expectEnd();
        return state;
    }

    /** Reads a state that was saved for the same model, and leaves the stream where it ends. */
    public static StateArrays load(StateLayout layout, String fingerprint, InputStream in) throws IOException {
        return new StateReader(layout, fingerprint, in, BYTES).read();
    }

    /** A state that has read nothing and starts from what the file holds, see {@link TunedStates}. */
    public static StateArrays loadTuned(RwkvConfig config, Path path) throws IOException {
        TensorFileOpener opener = Providers.of(TensorFileOpener.class).stream().findFirst()
                .orElse(SafetensorsReader::open);
        return new StateArrays(TunedStates.alone(opener.open(path), config));
    }
}
