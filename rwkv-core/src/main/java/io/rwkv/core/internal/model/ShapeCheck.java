package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Holds tensors against what their version says of them. For one thread, and one layer: the ranks of a layer are its own. */
final class ShapeCheck {
    private static final int MAX_RANK = 1 << 16;

    private final TensorFile file;
    private final RwkvConfig config;
    private final Map<Character, Long> ranks = new HashMap<>();
    private final Map<Character, String> rankOf = new HashMap<>(); // the tensor that a rank was read from

    ShapeCheck(TensorFile file, RwkvConfig config) {
        this.file = file;
        this.config = config;
    }

    /** @throws RwkvFormatException if the tensor of this name is not what it should be */
    void check(String name, TensorSpec expected) {
        StoredTensor tensor = file.tensor(name);
        if (!tensor.dtype().isFloatingPoint()) {
            throw fault(name, "expected floating-point elements for " + config.version() + ", found " + tensor.dtype());
        }
        long[] shape = tensor.shape();
        long[] found = expected.plain(shape);
        if (!matches(expected.dimensions(), found)) {
            throw fault(name, "expected shape " + describe(expected) + " for " + config.version() + ", found "
                    + Arrays.toString(shape) + readAs(name) + remark(name, expected, found));
        }
        for (int d = 0; d < found.length; d++) {
            char rank = TensorSpec.rank(expected.dimensions().get(d));
            if (rank != 0 && !ranks.containsKey(rank)) {
                ranks.put(rank, found[d]);
                rankOf.put(rank, name);
            }
        }
    }

    private boolean matches(List<String> dimensions, long[] found) {
        if (dimensions.size() != found.length) {
            return false;
        }
        for (int d = 0; d < found.length; d++) {
            long length = length(dimensions.get(d));
            if (length < 0 ? found[d] < 1 || found[d] > MAX_RANK : found[d] != length) {
                return false;
            }
        }
        return true;
    }

    /** A dimension's length, or -1 for a rank that is not known yet. */
    private long length(String dimension) {
        long product = 1;
        for (String factor : dimension.split("\\*")) {
            long length = factorLength(factor);
            if (length < 0) {
                return -1;
            }
            product *= length;
        }
        return product;
    }

    private long factorLength(String factor) {
        return switch (factor) {
            case "V" -> config.vocabularySize();
            case "C" -> config.width();
            case "F" -> config.ffnWidth();
            case "H" -> config.heads();
            case "N" -> config.headSize();
            default -> Character.isDigit(factor.charAt(0))
                    ? Long.parseLong(factor)
                    : ranks.getOrDefault(factor.charAt(0), -1L);
        };
    }

    String describe(TensorSpec tensor) {
        return tensor.dimensions().stream().map(d -> length(d) < 0 ? "rank" : Long.toString(length(d)))
                .collect(Collectors.joining(", ", "[", "]"));
    }

    /** Shapes are given as RWKV's own checkpoints have them, whatever the names in the file. */
    private String readAs(String name) {
        return file.nameInFile(name).equals(name) ? "" : " (read as " + name + ")";
    }

    private String remark(String name, TensorSpec expected, long[] found) {
        List<String> dimensions = expected.dimensions();
        if (found.length == 2 && matches(dimensions, new long[]{found[1], found[0]})) {
            return "; rows and columns are exchanged, as some converters (web-rwkv's is one) store it";
        }
        if (dimensions.equals(List.of("C")) && found.length == 2 && found[1] == 1 && name.contains(".time_")) {
            return "; a column of one value per channel is how RWKV-2 and RWKV-3 have it, which are not run";
        }
        if (dimensions.get(0).equals("V") && !name.equals("emb.weight") && file.contains("emb.weight")) {
            return "; " + file.nameInFile("emb.weight") + " has shape "
                    + Arrays.toString(file.tensor("emb.weight").shape());
        }
        return dimensions.stream().map(d -> rankOf.get(TensorSpec.rank(d)))
                .filter(other -> other != null && !other.equals(name)).findFirst()
                .map(other -> "; the rank is that of " + file.nameInFile(other)).orElse("");
    }

    private RwkvFormatException fault(String name, String detail) {
        return RwkvFormatException.inTensor(file.path(), file.nameInFile(name), detail);
    }
}
