package io.rwkv.core.internal.model;

import java.util.Arrays;
import java.util.List;

/**
 * The parts that every layer's state consists of, and what they hold before the first token. Names and layouts are canonical:
 * they are what saved states and other tools' states use. Immutable.
 */
public final class StateLayout {
    /**
     * @param name such as {@code att_xx}
     * @param shape lengths of the dimensions, outermost first
     * @param initial the value of all elements before the first token, unless they were tuned
     */
    public record Part(String name, List<Integer> shape, float initial) {
        /** The number of elements. */
        public int size() {
            return shape.stream().reduce(1, Math::multiplyExact);
        }
    }

    private final int layers;
    private final List<Part> parts;
    private final float[][] tuned; // [layer · parts + part], null where the part's initial value holds

    /** @param parts the parts of one layer; a part is known by its index here */
    StateLayout(int layers, List<Part> parts) {
        this(layers, List.copyOf(parts), new float[layers * parts.size()][]);
    }

    private StateLayout(int layers, List<Part> parts, float[][] tuned) {
        this.layers = layers;
        this.parts = parts;
        this.tuned = tuned;
    }

    /**
     * The same, with states that start from tuned values.
     *
     * @param values of one part in each layer; not copied
     */
    StateLayout startingFrom(int part, float[][] values) {
        float[][] start = tuned.clone();
        for (int layer = 0; layer < layers; layer++) {
            start[layer * parts.size() + part] = values[layer];
        }
        return new StateLayout(layers, parts, start);
    }

    /** The number of layers. */
    public int layers() {
        return layers;
    }

    /** The parts of one layer; a part is known by its index here. */
    public List<Part> parts() {
        return parts;
    }

    /** The bytes of all numbers of a state. */
    public long byteSize() {
        return parts.stream().mapToLong(Part::size).sum() * layers * Float.BYTES;
    }

    /**
     * Writes what a state holds before its first token.
     *
     * @param arrays [layer · parts + part]
     */
    void reset(float[][] arrays) {
        for (int i = 0; i < arrays.length; i++) {
            if (tuned[i] == null) {
                Arrays.fill(arrays[i], parts.get(i % parts.size()).initial());
            } else {
                System.arraycopy(tuned[i], 0, arrays[i], 0, arrays[i].length);
            }
        }
    }

    /** The index of the part of this name; null if there is none. */
    public Integer indexOf(String name) {
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).name().equals(name)) {
                return i;
            }
        }
        return null;
    }
}
