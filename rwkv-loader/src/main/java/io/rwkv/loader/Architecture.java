package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Tells a checkpoint's version and dimensions from its tensors' names and shapes; file names and key order say nothing
 * reliable. Whether every tensor is there in the right shape shows when the model is loaded.
 */
public final class Architecture {
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(0|[1-9][0-9]{0,5})\\..*");
    private static final String ATT = "blocks.0.att.";
    private static final int MAX_LAYERS = 10_000;

    private Architecture() {
    }

    /**
     * Finds out what kind of model a file holds.
     *
     * @throws RwkvFormatException if it is none that this library runs
     */
    public static RwkvConfig detect(TensorFile file) {
        if (!file.contains("emb.weight") || !file.contains("blocks.0.ln1.weight")) {
            throw RwkvFormatException.inFile(file.path(), "expected an RWKV checkpoint with tensors emb.weight and"
                    + " blocks.0.ln1.weight, found " + some(file));
        }
        long[] embedding = matrixShape(file, "emb.weight");
        long[] key = matrixShape(file, "blocks.0.ffn.key.weight");
        RwkvVersion version = version(file);
        int width = dimension(file, "emb.weight", embedding[1]);
        return new RwkvConfig(version, layers(file), width, heads(file, version, width),
                dimension(file, "blocks.0.ffn.key.weight", key[0]), dimension(file, "emb.weight", embedding[0]));
    }

    private static String some(TensorFile file) {
        return file.names().isEmpty()
                ? "no tensors"
                : file.names().size() + " tensors: "
                        + file.names().stream().limit(5).collect(Collectors.joining(", "))
                        + (file.names().size() > 5 ? ", …" : "");
    }

    private static RwkvVersion version(TensorFile file) {
        if (file.contains(ATT + "r_k")) {
            return file.contains("blocks.0.ffn.s_emb.weight") ? RwkvVersion.V7A : RwkvVersion.V7;
        }
        if (file.contains(ATT + "time_maa_x")) {
            return RwkvVersion.V6;
        }
        if (file.contains(ATT + "ln_x.weight")) {
            if (!file.contains(ATT + "gate.weight")) {
                return RwkvVersion.V5_0;
            }
            return file.tensor(ATT + "time_decay").shape().length == 1 ? RwkvVersion.V5_1 : RwkvVersion.V5_2;
        }
        if (file.contains(ATT + "time_mix_k")) {
            return RwkvVersion.V4;
        }
        throw RwkvFormatException.inFile(file.path(),
                "expected one of " + ATT + "r_k (RWKV-7), time_maa_x (6), ln_x.weight (5) and time_mix_k (4), found "
                        + file.names().stream().filter(n -> n.startsWith(ATT)).limit(8).toList());
    }

    /** From a tensor whose first dimension is the number of heads. */
    private static int heads(TensorFile file, RwkvVersion version, int width) {
        String name = switch (version) {
            case V4 -> null;
            case V5_0, V5_1, V5_2 -> ATT + "time_decay";
            case V6 -> ATT + "time_faaaa";
            case V7, V7A -> ATT + "r_k";
        };
        if (name == null) {
            return 0;
        }
        long[] shape = file.tensor(name).shape();
        if (shape.length < 1 || shape[0] < 1 || shape[0] > width || width % shape[0] != 0) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected the number of heads, a divisor of " + width
                    + ", as first dimension for " + version + ", found shape " + Arrays.toString(shape));
        }
        return (int) shape[0];
    }

    private static int layers(TensorFile file) {
        int highest = 0;
        for (String name : file.names()) {
            Matcher block = BLOCK.matcher(name);
            if (block.matches()) {
                highest = Math.max(highest, Integer.parseInt(block.group(1)));
            }
        }
        if (highest >= MAX_LAYERS || highest >= file.names().size()) {
            throw RwkvFormatException.inFile(file.path(), "expected layers numbered without gaps, found layer "
                    + highest + " among " + file.names().size() + " tensors");
        }
        return highest + 1;
    }

    private static long[] matrixShape(TensorFile file, String name) {
        StoredTensor tensor = file.tensor(name);
        long[] shape = tensor.shape();
        if (shape.length != 2) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected a matrix, found shape " + Arrays.toString(shape));
        }
        return shape;
    }

    private static int dimension(TensorFile file, String name, long length) {
        if (length < 1 || length > 1 << 24) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected dimensions between 1 and " + (1 << 24) + ", found " + length);
        }
        return (int) length;
    }
}
