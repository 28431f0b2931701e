package io.rwkv.core;

import io.rwkv.core.internal.model.Fingerprint;
import io.rwkv.core.internal.model.StateArrays;
import io.rwkv.core.internal.model.StateFiles;
import io.rwkv.core.internal.model.StateLayout;
import io.rwkv.core.internal.nd4j.Nd4jBridge;
import io.rwkv.core.tensor.SafetensorsWriter;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * All that a model remembers of the tokens it has read: a value of constant size, however many they were. Made by
 * {@link RwkvModel#newState()}; lives on the Java heap and needs no closing.
 *
 * <p>Belongs to one caller at a time: a use during another thread's use is an {@link IllegalStateException}. To go on from
 * one point in several ways, {@link #copy()} it.
 *
 * <p>The state of each layer has parts, known by name, all float32. For RWKV-4, of shape [C], C being the model's width:
 * {@code att_xx} and {@code ffn_xx}, the normalised inputs of the previous token to the time and the channel mix (zero at
 * first); {@code att_aa}, {@code att_bb}, {@code att_pp}, numerator, denominator and exponent of the WKV (0, 0 and −1e30).
 * For the later versions: {@code att_xx} and {@code ffn_xx} as before, and {@code att_kv} of shape [heads, N, N], indexed
 * [head][key channel][value channel] in RWKV-5 and 6 and [head][value channel][key channel] in RWKV-7 (zero at first).
 */
public final class RwkvState {
    private final Fingerprint fingerprint;
    private final StateArrays arrays;
    private final AtomicBoolean inUse = new AtomicBoolean();

    RwkvState(Fingerprint fingerprint, StateArrays arrays) {
        this.fingerprint = fingerprint;
        this.arrays = arrays;
    }

    Fingerprint fingerprint() {
        return fingerprint;
    }

    /** The number of layers; the first is 0. */
    public int layers() {
        return arrays.layout().layers();
    }

    /** The names of the parts that each layer has. */
    public List<String> parts() {
        return arrays.layout().parts().stream().map(StateLayout.Part::name).toList();
    }

    /** The lengths of a part's dimensions, outermost first. */
    public long[] shape(String part) {
        return arrays.layout().parts().get(index(part)).shape().stream().mapToLong(n -> n).toArray();
    }

    /** A copy of one part's values, in row-major order. */
    public float[] read(int layer, String part) {
        checkLayer(layer);
        int index = index(part);
        enter();
        try {
            return arrays.array(layer, index).clone();
        } finally {
            leave();
        }
    }

    /**
     * A copy of one part as an ND4J array: float32, row-major, outside any ND4J workspace. The caller owns it and may close it.
     *
     * @throws IllegalStateException if ND4J cannot run; the message says what to add
     */
    public INDArray array(int layer, String part) {
        return Nd4jBridge.array(read(layer, part), shape(part));
    }

    /** A state of its own with the same contents. */
    public RwkvState copy() {
        enter();
        try {
            return new RwkvState(fingerprint, arrays.copy());
        } finally {
            leave();
        }
    }

    /**
     * Makes this state's contents those of another, as if it had read the same tokens. Allocates nothing.
     *
     * @throws IllegalArgumentException if the other was made by another model
     * @throws IllegalStateException if another thread is using one of the two
     */
    public void copyFrom(RwkvState other) {
        if (other == this) {
            return;
        }
        if (!fingerprint.equals(other.fingerprint)) {
            throw new IllegalArgumentException(
                    "state: expected one of model " + fingerprint + ", found one of model " + other.fingerprint);
        }
        StateArrays from = other.enter();
        try {
            StateArrays to = enter();
            try {
                to.copyFrom(from);
            } finally {
                leave();
            }
        } finally {
            other.leave();
        }
    }

    /** Forgets all tokens: back to where it began, a tuned state if it was made of one. */
    public void reset() {
        enter();
        try {
            arrays.reset();
        } finally {
            leave();
        }
    }

    /**
     * Writes the state as safetensors, tensors named {@code state.LAYER.PART}, with the model's fingerprint and a checksum in
     * the metadata. An existing file is replaced whole or not at all, and passes its permissions on. The state is in use until
     * all is on the disk. {@link RwkvModel#loadState(Path)} reads it.
     *
     * <p>Works in a shutdown hook as well. The library has none: a program that must not lose a save when it is told to end
     * waits for it in a hook of its own.
     *
     * @throws ArithmeticException if a value is infinite or no number: such a state yields nothing but the same
     * @throws IOException if the disk refuses
     */
    public void save(Path path) throws IOException {
        enter();
        try {
            StateFiles.saved(arrays, fingerprint.hash()).write(path);
        } finally {
            leave();
        }
    }

    /**
     * Writes the bytes that {@link #save(Path)} would, and flushes. Other data may precede and follow. The state is in use until
     * the stream has taken all. {@link RwkvModel#loadState(java.io.InputStream)} reads it.
     *
     * @param out stays open
     * @throws ArithmeticException if a value is infinite or no number; nothing has been written then
     * @throws IOException if the stream refuses; part may have been written then
     */
    public void save(OutputStream out) throws IOException {
        enter();
        try {
            StateFiles.saved(arrays, fingerprint.hash()).write(out);
        } finally {
            leave();
        }
    }

    /**
     * The bytes that {@link #save(Path)} would write, somewhat more than {@link #byteSize()}. {@link RwkvModel#stateFrom} reads
     * them.
     *
     * @throws ArithmeticException if a value is infinite or no number
     */
    public byte[] toBytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            save(out);
        } catch (IOException e) {
            throw new UncheckedIOException("memory can always be written", e);
        }
        return out.toByteArray();
    }

    /** The memory that the values take, in bytes. A call on the state takes as much again while it runs. */
    public long byteSize() {
        return arrays.byteSize();
    }

    /** Adds copies of the state's tensors, named {@code state.LAYER.PART}, to a file in the making. */
    public void addTo(SafetensorsWriter writer) {
        enter();
        try {
            StateFiles.addTo(writer, arrays);
        } finally {
            leave();
        }
    }

    /** Claims the state for one call. */
    StateArrays enter() {
        if (!inUse.compareAndSet(false, true)) {
            throw new IllegalStateException("state in use by another call; a state belongs to one caller at a time");
        }
        return arrays;
    }

    void leave() {
        inUse.set(false);
    }

    private void checkLayer(int layer) {
        if (layer < 0 || layer >= layers()) {
            throw new IllegalArgumentException("layer: expected 0 to " + (layers() - 1) + ", found " + layer);
        }
    }

    private int index(String part) {
        Integer index = arrays.layout().indexOf(part);
        if (index == null) {
            throw new IllegalArgumentException("state part: expected one of " + parts() + ", found " + part);
        }
        return index;
    }
}
