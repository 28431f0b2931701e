package io.rwkv.core;

import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** A golden file: a small model's weights, tokens, and what a plain float64 implementation makes of them. */
record Golden(TensorFile file, RwkvConfig config) {
    static Golden of(RwkvVersion version) {
        try {
            String name = "/golden/rwkv" + version.number() + ".safetensors";
            // Copied, since other modules find it in a jar.
            Path path = Files.createTempFile("golden", ".safetensors");
            path.toFile().deleteOnExit();
            try (InputStream in = Objects.requireNonNull(Golden.class.getResourceAsStream(name), name)) {
                Files.copy(in, path, StandardCopyOption.REPLACE_EXISTING);
            }
            return new Golden(SafetensorsReader.open(path),
                    new RwkvConfig(version, 2, 24, version == RwkvVersion.V4 ? 0 : 3, 48, 37));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The file without the expectations: what a checkpoint would hold. */
    TensorFile weights() {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (String name : file.names()) {
            if (name.startsWith("emb.") || name.startsWith("blocks.") || name.startsWith("ln_out.")
                    || name.startsWith("head.")) {
                tensors.put(name, file.tensor(name));
            }
        }
        return new TensorFile(file.path(), "golden", tensors, Map.of());
    }

    RwkvModel model() {
        return model("auto");
    }

    RwkvModel model(String engine) {
        return RwkvModel.load(weights(), config, RwkvOptions.builder().engine(engine).build());
    }

    int[] tokens() {
        float[] values = file.tensor("tokens").toFloats();
        int[] tokens = new int[values.length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (int) values[i];
        }
        return tokens;
    }

    float[] expected(String name) {
        return file.tensor(name).toFloats();
    }

    float[] expectedLogits(int token) {
        float[] row = new float[config.vocabularySize()];
        file.tensor("logits").read((long) token * row.length, row, 0, row.length);
        return row;
    }
}
