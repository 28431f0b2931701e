package io.rwkv.core.internal.model;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a tensor in RWKV's own checkpoints.
 *
 * @param layer the layer that it belongs to, or -1 if to the model
 * @param below the name below {@code blocks.N.}, or the whole one
 */
public record TensorName(int layer, String below) {
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(0|[1-9][0-9]{0,5})\\.(.*)", Pattern.DOTALL);

    /** Takes a name apart. */
    public static TensorName of(String name) {
        Matcher block = BLOCK.matcher(name);
        return block.matches()
                ? new TensorName(Integer.parseInt(block.group(1)), block.group(2))
                : new TensorName(-1, name);
    }

    /** The beginning of the names of a layer's tensors; empty for -1. */
    static String prefix(int layer) {
        return layer < 0 ? "" : "blocks." + layer + ".";
    }
}
