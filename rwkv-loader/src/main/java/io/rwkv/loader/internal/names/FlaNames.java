package io.rwkv.loader.internal.names;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.model.Strangers;
import io.rwkv.core.internal.model.TensorName;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Shows an RWKV-7 in the Hugging Face layout, that of flash-linear-attention ("fla"), under the names of RWKV's own
 * checkpoints. Its small matrices are the weights of linear layers, [outputs, inputs], and are shown transposed; its oldest
 * files have all the mixing weights of a layer in one tensor, {@code x_x}. Nothing is copied.
 */
public final class FlaNames {
    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(0|[1-9][0-9]{0,5})\\.(.*)", Pattern.DOTALL);
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(0|[1-9][0-9]{0,5})\\.(.*)", Pattern.DOTALL);
    private static final Pattern SMALL_MATRIX = Pattern.compile("att\\.[wavg][12]");
    private static final String MIXES = "attn.x_x";
    private static final String MIX_ORDER = "rwkvag";
    /** The only head size for which fla's group norm, with an eps of head size · 1e-5, is RWKV-7's, with 64e-5. */
    private static final int HEAD_SIZE = 64;

    private static final Map<String, String> OF_MODEL = Map.of("model.embeddings.weight", "emb.weight",
            "model.norm.weight", "ln_out.weight", "model.norm.bias", "ln_out.bias", "lm_head.weight", "head.weight");
    private static final Map<String, String> OF_LAYER = ofLayer();
    private static final Map<String, String> OF_MODEL_BACK = inverse(OF_MODEL);
    private static final Map<String, String> OF_LAYER_BACK = inverse(OF_LAYER);

    private FlaNames() {
    }

    private static Map<String, String> ofLayer() {
        Map<String, String> names = new HashMap<>();
        for (String part : new String[]{"weight", "bias"}) {
            names.put("pre_norm." + part, "ln0." + part);
            names.put("attn_norm." + part, "ln1." + part);
            names.put("ffn_norm." + part, "ln2." + part);
            names.put("attn.g_norm." + part, "att.ln_x." + part);
        }
        for (char mix : MIX_ORDER.toCharArray()) {
            names.put("attn.x_" + mix, "att.x_" + mix);
        }
        for (String vector : new String[]{"k_k", "k_a", "r_k"}) {
            names.put("attn." + vector, "att." + vector);
        }
        names.put("attn.r_proj.weight", "att.receptance.weight");
        names.put("attn.k_proj.weight", "att.key.weight");
        names.put("attn.v_proj.weight", "att.value.weight");
        names.put("attn.o_proj.weight", "att.output.weight");
        for (String lora : new String[]{"w", "a", "v", "g"}) {
            names.put("attn." + lora + "_lora.lora.0.weight", "att." + lora + "1");
            names.put("attn." + lora + "_lora.lora.2.weight", "att." + lora + "2");
            if (!lora.equals("g")) {
                names.put("attn." + lora + "_lora.lora.2.bias", "att." + lora + "0");
            }
        }
        for (String same : new String[]{"ffn.x_k", "ffn.key.weight", "ffn.value.weight"}) {
            names.put(same, same);
        }
        return Map.copyOf(names);
    }

    private static Map<String, String> inverse(Map<String, String> names) {
        Map<String, String> inverse = new HashMap<>();
        names.forEach((from, to) -> inverse.put(to, from));
        return Map.copyOf(inverse);
    }

    /** Whether a file has names of this layout, be they all known or not. */
    public static boolean usedIn(TensorFile file) {
        return file.contains("model.embeddings.weight")
                || file.names().stream().anyMatch(n -> n.startsWith("model.layers.0.attn."));
    }

    /**
     * The file under RWKV's own names.
     *
     * @throws RwkvFormatException if it has a tensor that no RWKV-7 in this layout has
     */
    public static TensorFile view(TensorFile file) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        TensorFile.Builder view = TensorFile.builder(file.path(), file.format() + ", Hugging Face names")
                .metadata(file.metadata()).nameInFile(FlaNames::nameInFile);
        for (String name : file.names()) {
            Matcher layer = LAYER.matcher(name);
            if (!layer.matches()) {
                String own = OF_MODEL.get(name);
                if (own == null && file.unread().containsKey(name) && TensorName.of(name).layer() < 0) {
                    view.unread(name, file.unread().get(name)); // to be judged like the baggage of any file
                } else {
                    put(file, tensors, known(file, name, own), file.tensor(name));
                }
                continue;
            }
            MappedTensor tensor = (MappedTensor) file.tensor(name);
            String prefix = "blocks." + layer.group(1) + ".";
            if (layer.group(2).equals(MIXES)) {
                putMixes(file, tensors, prefix, tensor);
                continue;
            }
            String own = known(file, name, OF_LAYER.get(layer.group(2)));
            if (own.equals("att.r_k")) {
                checkHeadSize(file, tensor);
            }
            put(file, tensors, prefix + own, SMALL_MATRIX.matcher(own).matches() ? tensor.transposed() : tensor);
        }
        return view.tensors(tensors).build();
    }

    private static String known(TensorFile file, String name, String own) {
        if (own == null) {
            // What it is, not that its name is fla's, which all of the others here are.
            Matcher layer = LAYER.matcher(name);
            String stranger = layer.matches() ? "blocks." + layer.group(1) + "." + layer.group(2) : name;
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected the tensors of an RWKV-7 under Hugging Face (fla) names, which this is none of"
                            + Strangers.remark(stranger));
        }
        return own;
    }

    private static void putMixes(TensorFile file, Map<String, StoredTensor> tensors, String prefix,
            MappedTensor mixes) {
        long[] shape = mixes.shape();
        if (shape.length < 2 || shape[0] != MIX_ORDER.length()) {
            throw RwkvFormatException.inTensor(file.path(), mixes.name(),
                    "expected " + MIX_ORDER.length() + " rows, found shape " + Arrays.toString(shape));
        }
        for (int i = 0; i < MIX_ORDER.length(); i++) {
            put(file, tensors, prefix + "att.x_" + MIX_ORDER.charAt(i), mixes.part(i));
        }
    }

    private static void put(TensorFile file, Map<String, StoredTensor> tensors, String own, StoredTensor tensor) {
        StoredTensor before = tensors.put(own, tensor);
        if (before != null) {
            throw RwkvFormatException.inTensor(file.path(), tensor.name(),
                    "expected each weight once, found this one in tensor " + before.name() + " too");
        }
    }

    private static void checkHeadSize(TensorFile file, MappedTensor bonus) {
        long[] shape = bonus.shape();
        if (shape.length == 2 && shape[1] != HEAD_SIZE) {
            throw RwkvFormatException.inTensor(file.path(), bonus.name(), "expected heads of " + HEAD_SIZE
                    + " channels for RWKV-7 under Hugging Face (fla) names, found shape " + Arrays.toString(shape));
        }
    }

    /** The inverse, for error messages. */
    private static String nameInFile(String own) {
        Matcher block = BLOCK.matcher(own);
        if (!block.matches()) {
            return OF_MODEL_BACK.getOrDefault(own, own);
        }
        String name = OF_LAYER_BACK.get(block.group(2));
        return name == null ? own : "model.layers." + block.group(1) + "." + name;
    }
}
