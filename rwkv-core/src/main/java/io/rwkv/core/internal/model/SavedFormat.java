package io.rwkv.core.internal.model;

import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32C;

/** What a saved state is known and checked by: the keys of its metadata, its tensors' names and shapes, its checksum. */
final class SavedFormat {
    static final String KIND_KEY = "format";
    static final String KIND = "rwkv-state";
    static final String VERSION_KEY = "format_version";
    static final String VERSION = "1";
    static final String MODEL_KEY = "model_fingerprint";
    static final String CHECKSUM_KEY = "data_crc32c"; // optional: states of version 1 were first written without

    private SavedFormat() {
    }

    static String name(int layer, StateLayout.Part part) {
        return "state." + layer + "." + part.name();
    }

    static long[] shape(StateLayout.Part part) {
        return part.shape().stream().mapToLong(n -> n).toArray();
    }

    /** The first value that is infinite or no number. */
    static Optional<Float> firstNotFinite(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                return Optional.of(value);
            }
        }
        return Optional.empty();
    }

    static String hex(CRC32C sum) {
        return HexFormat.of().toHexDigits((int) sum.getValue());
    }
}
