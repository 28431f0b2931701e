package io.rwkv.core;

import io.rwkv.core.internal.model.Fingerprint;
import io.rwkv.core.internal.model.StateArrays;
import io.rwkv.core.internal.model.StateFiles;
import io.rwkv.core.internal.model.StateLayout;
import io.rwkv.core.internal.model.Versions;
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
 * Everything that a model remembers of the tokens it has read. Its size is constant, however many tokens that is. Made by
 * {@link RwkvModel#newState()}. Lives on the Java heap and needs no closing.
 *
 * <p>Not for several threads at once: a method called while another thread uses the state throws
 * {@link IllegalStateException}. ({@link #layers()}, {@link #parts()}, {@link #shape} and {@link #byteSize()} never change and
 * may be called at any time.) To continue from one point in several ways, {@link #copy()} the state.
 *
 * <p>Each layer's state has named parts, all float32. C is the model's width, N the number of channels per head.
 * <ul>
 * <li>All versions: {@code att_xx} [C] and {@code ffn_xx} [C], the previous token's normalised input to the time mix and to the
 * channel mix; 0 at first.
 * <li>RWKV-4: {@code att_aa}, {@code att_bb} and {@code att_pp}, each [C], numerator, denominator and exponent of the WKV; 0,
 * 0 and −1e30 at first.
 * <li>RWKV-5 and 6: {@code att_kv} [heads, N, N], indexed [head][key channel][value channel]; 0 at first.
 * <li>RWKV-7: {@code att_kv} [heads, N, N], indexed [head][value channel][key channel]; 0 at first.
 * </ul>
 * A state that starts from a tuned one begins with other values of {@code att_kv}.
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

    /** The number of layers. They are numbered from 0. */
    public int layers() {
        return arrays.layout().layers();
    }

    /** The names of the parts. All layers have the same. */
    public List<String> parts() {
        return arrays.layout().parts().stream().map(StateLayout.Part::name).toList();
    }

    /**
     * The shape of a part, the same in all layers: the lengths of its dimensions, outermost first. A new array.
     *
     * @throws IllegalArgumentException if there is no such part
     */
    public long[] shape(String part) {
        return arrays.layout().parts().get(index(part)).shape().stream().mapToLong(n -> n).toArray();
    }

    /**
     * A copy of one part's values, in row-major order.
     *
     * @param layer from 0 to {@link #layers()} − 1
     * @param part one of {@link #parts()}
     * @throws IllegalArgumentException if there is no such layer or part
     */
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
     * @param layer from 0 to {@link #layers()} − 1
     * @param part one of {@link #parts()}
     * @return of the part's {@link #shape}
     * @throws IllegalArgumentException if there is no such layer or part
     * @throws IllegalStateException if ND4J cannot run (the message says what to add), or if another thread is using the state
     */
    public INDArray array(int layer, String part) {
        return Nd4jBridge.array(read(layer, part), shape(part));
    }

    /** A new, independent state with the same contents. */
    public RwkvState copy() {
        enter();
        try {
            return new RwkvState(fingerprint, arrays.copy());
        } finally {
            leave();
        }
    }

    /**
     * Overwrites this state with the contents of another one, which stays as it is. Allocates nothing.
     *
     * @throws IllegalArgumentException if {@code other} was made by another model
     * @throws IllegalStateException if another thread is using one of the two states
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

    /**
     * Forgets all tokens. The values become those of a new state: of {@link RwkvModel#newState(Path)} if this state, or the one
     * that it is a copy of, was made there, else of {@link RwkvModel#newState()}.
     */
    public void reset() {
        enter();
        try {
            arrays.reset();
        } finally {
            leave();
        }
    }

    /**
     * Saves the state to a file; {@link RwkvModel#loadState(Path)} loads it. The format is safetensors: one tensor for each part
     * of each layer, named {@code state.LAYER.PART}, with the model's fingerprint and a checksum in the metadata. An existing
     * file is replaced as a whole or not at all, and keeps its permissions. The state is in use until the file is on the disk.
     *
     * <p>May be called in a shutdown hook. The library has no hook of its own: a program that must finish a save before the JVM
     * ends waits for it in its own hook.
     *
     * @throws ArithmeticException if a value is infinite or NaN: the state is broken, and nothing is saved
     * @throws IOException if the file cannot be written; an existing file is then as before
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
     * Saves the state to a stream; {@link RwkvModel#loadState(java.io.InputStream)} loads it. Writes the same bytes as
     * {@link #save(Path)}, and flushes. Other data may come before and after them. The state is in use until all bytes are
     * written.
     *
     * @param out stays open
     * @throws ArithmeticException if a value is infinite or NaN; then nothing was written
     * @throws IOException if the stream cannot be written; then a part may have been written
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
     * Saves the state to a new byte array; {@link RwkvModel#stateFrom} loads it. These are the bytes that {@link #save(Path)}
     * writes, somewhat more than {@link #byteSize()}.
     *
     * @throws ArithmeticException if a value is infinite or NaN
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

    /**
     * The memory for the values of a state of a model with these dimensions, in bytes. It does not depend on how many tokens the
     * state has read.
     */
    public static long byteSize(RwkvConfig config) {
        return Versions.stateLayout(config).byteSize();
    }

    /** The memory for the state's values, in bytes. A call that reads tokens needs the same amount again while it runs. */
    public long byteSize() {
        return arrays.byteSize();
    }

    /**
     * Adds copies of the state's tensors, named {@code state.LAYER.PART}, to a safetensors file that is being put together.
     * Values are not checked.
     *
     * @throws IllegalArgumentException if the writer already has a tensor of such a name
     */
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
