package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.TreeSet;

/**
 * Tells models apart without reading all of them: a hash of the dimensions and of a sample of each tensor's values, as
 * float32. The same weights have the same fingerprint in any container and in any number format that holds them exactly.
 * Thread-safe.
 */
public final class Fingerprint {
    private static final int SAMPLE = 64; // consecutive values from the middle of each tensor

    private byte[] sampled; // until it is hashed
    private String hash;

    private Fingerprint(byte[] sampled) {
        this.sampled = sampled;
    }

    /** @param file with the tensors that the model is made of, and no others */
    static Fingerprint of(TensorFile file, RwkvConfig config) {
        ByteArrayOutputStream sampled = new ByteArrayOutputStream();
        sampled.writeBytes(dimensions(config).getBytes(StandardCharsets.UTF_8));
        float[] sample = new float[SAMPLE];
        ByteBuffer bytes = ByteBuffer.allocate(4 * SAMPLE);
        for (String name : new TreeSet<>(file.names())) {
            StoredTensor tensor = file.tensor(name);
            long[] shape = Arrays.stream(tensor.shape()).filter(n -> n != 1).toArray();
            sampled.writeBytes((name + Arrays.toString(shape)).getBytes(StandardCharsets.UTF_8));
            int count = (int) Math.min(SAMPLE, tensor.elementCount());
            tensor.read((tensor.elementCount() - count) / 2, sample, 0, count);
            bytes.clear();
            for (int i = 0; i < count; i++) {
                bytes.putFloat(sample[i]);
            }
            sampled.write(bytes.array(), 0, bytes.position());
        }
        return new Fingerprint(sampled.toByteArray());
    }

    /** Part of what is hashed, and so of every saved state: not to be changed, whatever becomes of the names in the code. */
    private static String dimensions(RwkvConfig config) {
        return "RwkvConfig[version=RWKV-" + config.version().number() + ", layers=" + config.layers() + ", width="
                + config.width() + ", heads=" + config.heads() + ", ffnWidth=" + config.ffnWidth()
                + ", vocabularySize=" + config.vocabularySize() + "]";
    }

    /** The hash, computed when it is first asked for: a model that only runs does without, and starts sooner. */
    public synchronized String hash() {
        if (hash == null) {
            try {
                hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(sampled), 0, 16);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java platform has SHA-256", e);
            }
            sampled = null;
        }
        return hash;
    }

    @Override
    public boolean equals(Object other) {
        return this == other || other instanceof Fingerprint f && hash().equals(f.hash());
    }

    @Override
    public int hashCode() {
        return hash().hashCode();
    }

    @Override
    public String toString() {
        return hash();
    }
}
