package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Holds a checkpoint against the {@link Requirements} of its version, before any weight is converted. For one thread, and
 * one layer at a time: the ranks of a layer are its own.
 */
final class RequirementsCheck {
    private static final int MAX_RANK = 1 << 16;

    private final TensorFile file;
    private final RwkvConfig config;
    private final Map<Character, Long> ranks = new HashMap<>();
    private final Map<Character, String> rankOf = new HashMap<>(); // the tensor that a rank was read from

    private RequirementsCheck(TensorFile file, RwkvConfig config) {
        this.file = file;
        this.config = config;
    }

    /**
     * Finds nothing or throws.
     *
     * @throws RwkvFormatException naming the first tensor that is missing or has the wrong shape, and the version
     */
    static void check(TensorFile file, RwkvConfig config) {
        RequirementsCheck check = new RequirementsCheck(file, config);
        check.check("", Requirements.ofModel());
        for (int layer = 0; layer < config.layers(); layer++) {
            check.ranks.clear();
            check.rankOf.clear();
            check.check("blocks." + layer + ".", Requirements.ofLayer(config.version(), layer));
        }
    }

    private void check(String prefix, List<Requirements.Tensor> tensors) {
        for (Requirements.Tensor tensor : tensors) {
            String name = prefix + tensor.names().stream().filter(n -> file.contains(prefix + n)).findFirst()
                    .orElseThrow(() -> missing(prefix, tensor));
            check(name, tensor);
        }
    }

    private void check(String name, Requirements.Tensor expected) {
        StoredTensor tensor = file.tensor(name);
        if (!tensor.dtype().isFloatingPoint()) {
            throw fault(name, "expected floating-point elements for " + config.version() + ", found " + tensor.dtype());
        }
        long[] shape = tensor.shape();
        // A length of 1 may stand anywhere, as in [1, 1, C], unless it could be a rank.
        long[] found = expected.hasRank() ? shape : squeeze(shape);
        List<String> dimensions = expected.hasRank()
                ? expected.dimensions()
                : expected.dimensions().stream().filter(d -> length(d) != 1).toList();
        if (!matches(dimensions, found)) {
            throw fault(name, "expected shape " + describe(expected) + " for " + config.version() + ", found "
                    + Arrays.toString(shape) + readAs(name) + remark(name, expected, dimensions, found));
        }
        for (int d = 0; d < found.length; d++) {
            char rank = Requirements.Tensor.rank(dimensions.get(d));
            if (rank != 0 && !ranks.containsKey(rank)) {
                ranks.put(rank, found[d]);
                rankOf.put(rank, name);
            }
        }
    }

    private static long[] squeeze(long[] shape) {
        return LongStream.of(shape).filter(n -> n != 1).toArray();
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

    private String describe(Requirements.Tensor tensor) {
        return tensor.dimensions().stream().map(d -> length(d) < 0 ? "rank" : Long.toString(length(d)))
                .collect(Collectors.joining(", ", "[", "]"));
    }

    /** Shapes are given as RWKV's own checkpoints have them, whatever the names in the file. */
    private String readAs(String name) {
        return file.nameInFile(name).equals(name) ? "" : " (read as " + name + ")";
    }

    private String remark(String name, Requirements.Tensor expected, List<String> dimensions, long[] found) {
        if (found.length == 2 && matches(dimensions, new long[]{found[1], found[0]})) {
            return "; rows and columns are exchanged, as some converters store it";
        }
        if (expected.dimensions().get(0).equals("V") && !name.equals("emb.weight") && file.contains("emb.weight")) {
            return "; " + file.nameInFile("emb.weight") + " has shape "
                    + Arrays.toString(file.tensor("emb.weight").shape());
        }
        return expected.dimensions().stream().map(d -> rankOf.get(Requirements.Tensor.rank(d)))
                .filter(other -> other != null && !other.equals(name)).findFirst()
                .map(other -> "; the rank is that of " + file.nameInFile(other)).orElse("");
    }

    private RwkvFormatException missing(String prefix, Requirements.Tensor tensor) {
        String name = prefix + tensor.names().get(0);
        String others = tensor.names().stream().skip(1).map(n -> " (or " + file.nameInFile(prefix + n) + ")")
                .collect(Collectors.joining());
        String renamed = prefix + "att.time_first";
        String remark = name.endsWith(".time_faaaa") && tensor.names().size() == 1 && file.contains(renamed)
                ? "; " + file.nameInFile(renamed) + " is there: a converter renamed it, whose files are not supported"
                : "";
        return fault(name, "missing" + others + ", expected for " + config.version() + " with shape " + describe(tensor)
                + remark);
    }

    private RwkvFormatException fault(String name, String detail) {
        return RwkvFormatException.inTensor(file.path(), file.nameInFile(name), detail);
    }
}
