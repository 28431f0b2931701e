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
        return new RwkvConfig(version(file), layers(file), dimension(file, "emb.weight", embedding[1]),
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
        String att = "blocks.0.att.";
        if (file.contains(att + "r_k")) {
            throw unsupported(file, "7", att + "r_k");
        }
        if (file.contains(att + "time_maa_x")) {
            throw unsupported(file, "6", att + "time_maa_x");
        }
        if (file.contains(att + "ln_x.weight")) {
            throw unsupported(file, "5", att + "ln_x.weight");
        }
        if (file.contains(att + "time_mix_k")) {
            return RwkvVersion.V4;
        }
        throw RwkvFormatException.inTensor(file.path(), att + "time_mix_k",
                "missing, and no tensor of another RWKV version is there; found "
                        + file.names().stream().filter(n -> n.startsWith(att)).limit(8).toList());
    }

    private static RwkvFormatException unsupported(TensorFile file, String version, String sign) {
        return RwkvFormatException.inTensor(file.path(), sign,
                "belongs to RWKV-" + version + ", which this library does not run yet; it runs RWKV-4");
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
