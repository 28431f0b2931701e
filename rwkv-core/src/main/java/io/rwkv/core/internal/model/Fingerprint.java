package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;

/**
 * Tells models apart without reading all of them: a hash of the dimensions and of a sample of each tensor's values, as
 * float32. The same weights have the same fingerprint in any container and in any number format that holds them exactly.
 */
final class Fingerprint {
    private static final int SAMPLE = 64; // consecutive values from the middle of each tensor

    /** Some RWKV-7 checkpoints hold these, nothing reads them, and GGUF files cannot hold them. */
    private static final Set<String> UNUSED = Set.of("blocks.0.att.v0", "blocks.0.att.v1", "blocks.0.att.v2");

    private Fingerprint() {
    }

    static String of(TensorFile file, RwkvConfig config) {
        MessageDigest hash;
        try {
            hash = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        hash.update(config.toString().getBytes(StandardCharsets.UTF_8));
        float[] sample = new float[SAMPLE];
        ByteBuffer bytes = ByteBuffer.allocate(4 * SAMPLE);
        for (String name : new TreeSet<>(file.names())) {
            if (UNUSED.contains(name)) {
                continue;
            }
            StoredTensor tensor = file.tensor(name);
            long[] shape = Arrays.stream(tensor.shape()).filter(n -> n != 1).toArray();
            hash.update((name + Arrays.toString(shape)).getBytes(StandardCharsets.UTF_8));
            int count = (int) Math.min(SAMPLE, tensor.elementCount());
            tensor.read((tensor.elementCount() - count) / 2, sample, 0, count);
            bytes.clear();
            for (int i = 0; i < count; i++) {
                bytes.putFloat(sample[i]);
            }
            hash.update(bytes.flip());
        }
        return HexFormat.of().formatHex(hash.digest(), 0, 16);
    }
}
