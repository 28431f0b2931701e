package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;

import java.util.List;

/**
 * The parts that every layer's state consists of. Names and layouts are canonical: they are what saved states and other
 * tools' states use.
 *
 * @param layers the number of layers
 * @param parts the parts of one layer; a part is known by its index here
 */
public record StateLayout(int layers, List<Part> parts) {
    /**
     * @param name such as {@code att_xx}
     * @param shape lengths of the dimensions, outermost first
     * @param initial the value of all elements before the first token
     */
    public record Part(String name, List<Integer> shape, float initial) {
        /** The number of elements. */
        public int size() {
            return shape.stream().reduce(1, Math::multiplyExact);
        }
    }

    /** The layout of a model's states. */
    public static StateLayout of(RwkvConfig config) {
        return Versions.of(config.version()).stateLayout(config);
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
