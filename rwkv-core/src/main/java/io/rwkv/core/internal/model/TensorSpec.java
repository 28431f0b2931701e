package io.rwkv.core.internal.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A tensor as a version has it. Written as a line: a name and its dimensions. V, C, F, H and N stand for what
 * {@link io.rwkv.core.RwkvConfig} says, N for channels per head; a small letter for a rank, which each layer is free to
 * choose; {@code 5*m} for five times the rank m. Where two names are divided by a bar, either will do. A line that ends with
 * {@code @table} is of a table of which each token reads one row.
 *
 * @param names as in RWKV's own checkpoints, below {@code blocks.N.} for a layer's tensor
 * @param dimensions as in the line
 * @param table whether it is a table
 */
public record TensorSpec(List<String> names, List<String> dimensions, boolean table) {
    private static final String TABLE = "@table";

    static TensorSpec parse(String line) {
        List<String> words = List.of(line.split(" +"));
        boolean table = words.get(words.size() - 1).equals(TABLE);
        return new TensorSpec(List.of(words.get(0).split("\\|")),
                words.subList(1, table ? words.size() - 1 : words.size()), table);
    }

    /** Whether the shape has a length that the model's configuration does not say. */
    public boolean hasRank() {
        return dimensions.stream().anyMatch(d -> rank(d) != 0);
    }

    /** The letter of the rank that a dimension is made of, or 0. */
    static char rank(String dimension) {
        char last = dimension.charAt(dimension.length() - 1);
        return Character.isLowerCase(last) ? last : 0;
    }

    /** Whether it has a value for each head, [H], or for each channel of each head, [H, N]. */
    public boolean tellsHeads() {
        return isPerHead() || dimensions.equals(List.of("H", "N"));
    }

    /** Whether it has one value for each head. */
    public boolean isPerHead() {
        return dimensions.equals(List.of("H"));
    }

    /**
     * A shape without those dimensions of length 1 that mean nothing: the leading ones of a vector, which checkpoints write
     * as [1, 1, C], the last of one value per head, written as [H, 1], and those that a matrix has too many. Any other says
     * that it is another tensor: the decay of RWKV-3 is [C, 1] and that of RWKV-4 is [C]. What has a rank may have none too
     * many, since a rank may be 1.
     */
    public long[] plain(long[] shape) {
        if (hasRank() || shape.length <= dimensions.size()) {
            return shape;
        }
        if (isPerHead() && shape.length == 2 && shape[1] == 1) {
            return new long[]{shape[0]};
        }
        List<Long> lengths = Arrays.stream(shape).boxed().collect(Collectors.toCollection(ArrayList::new));
        while (lengths.size() > dimensions.size()) {
            int one = dimensions.size() == 1 && lengths.get(0) != 1 ? -1 : lengths.indexOf(1L);
            if (one < 0) {
                return shape;
            }
            lengths.remove(one);
        }
        return lengths.stream().mapToLong(n -> n).toArray();
    }

    /** Whether a shape has as many dimensions; [H, 1] is one value per head, not per channel. */
    boolean hasDimensions(long[] shape) {
        return plain(shape).length == dimensions.size()
                && !(dimensions.size() == 2 && tellsHeads() && shape[1] == 1 && shape[0] > 1);
    }
}
