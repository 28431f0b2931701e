package io.rwkv.loader.internal.names;

import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.model.VersionDescriptor;
import io.rwkv.core.internal.model.Versions;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How llama.cpp names and lays out the tensors of RWKV-6 and RWKV-7 in its GGUF files, and what the versions that it does not
 * run are called in ours, which hold their tensors as they are.
 */
public final class GgufLayout {
    /** What becomes of a tensor in the file. */
    public enum Kind {
        /** A large matrix, which is worth quantising. */
        MATRIX,
        /** The embedding table, of which single rows are read. */
        TABLE,
        /** A small matrix, with its last two dimensions exchanged in files for llama.cpp. */
        SMALL,
        /** One value per channel, or per channel of a head, of which the heads' dimension may be lost. */
        VECTOR,
        /** A tuned initial state, which only some models have, laid out as in RWKV's own checkpoints. */
        STATE
    }

    /** One tensor: its name in the file and ours, below those of the layer if it belongs to one. */
    public record Tensor(String file, String own, Kind kind) {}

    /**
     * A length that llama.cpp is told, and wants to be the same in all layers.
     *
     * @param key in the metadata, below the architecture's name
     * @param own our name of a tensor that has it, below the layer's
     * @param dimension which one it is
     */
    public record Rank(String key, String own, int dimension) {}

    /** Every so many layers llama.cpp's converter halves the weights of RWKV-6. */
    public static final String RESCALING = "rescale_every_n_layers";
    /** The mixing weights that lie in one tensor of the file, in this order, as rows. */
    public static final String FUSED_MIXES = "time_mix_lerp_fused.weight";
    public static final String FILE_LAYER = "blk.";
    public static final String OWN_LAYER = "blocks.";

    private static final List<Tensor> MODEL = List.of(new Tensor("token_embd.weight", "emb.weight", Kind.TABLE),
            new Tensor("token_embd_norm.weight", "blocks.0.ln0.weight", Kind.VECTOR),
            new Tensor("token_embd_norm.bias", "blocks.0.ln0.bias", Kind.VECTOR),
            new Tensor("output_norm.weight", "ln_out.weight", Kind.VECTOR),
            new Tensor("output_norm.bias", "ln_out.bias", Kind.VECTOR),
            new Tensor("output.weight", "head.weight", Kind.MATRIX));

    private static final Map<RwkvVersion, GgufLayout> LAYOUTS = Map.of(RwkvVersion.V6,
            new GgufLayout("att.time_maa_", "wkvrg", six(), true,
                    List.of(new Rank("time_mix_extra_dim", "att.time_maa_w2", 1),
                            new Rank("time_decay_extra_dim", "att.time_decay_w2", 0))),
            RwkvVersion.V7,
            new GgufLayout("att.x_", "rwkvag", seven(), false,
                    List.of(new Rank("attention.decay_lora_rank", "att.w2", 0),
                            new Rank("attention.iclr_lora_rank", "att.a2", 0),
                            new Rank("attention.gate_lora_rank", "att.g2", 0),
                            new Rank("attention.value_residual_mix_lora_rank", "att.v2", 0))));

    private final String ownMixPrefix;
    private final String mixOrder;
    private final List<Tensor> layer;
    private final boolean rescaled;
    private final List<Rank> ranks;
    private final Map<String, Tensor> byFile = new HashMap<>();
    private final Map<String, Tensor> byOwn = new HashMap<>();

    private GgufLayout(String ownMixPrefix, String mixOrder, List<Tensor> layer, boolean rescaled, List<Rank> ranks) {
        this.ownMixPrefix = ownMixPrefix;
        this.mixOrder = mixOrder;
        this.layer = List.copyOf(layer);
        this.rescaled = rescaled;
        this.ranks = ranks;
        this.layer.forEach(this::index);
        MODEL.forEach(this::index);
    }

    private void index(Tensor tensor) {
        byFile.put(tensor.file, tensor);
        byOwn.put(tensor.own, tensor);
    }

    /** The version that {@code general.architecture} names. */
    static Optional<RwkvVersion> version(String architecture) {
        return Versions.all().stream().filter(v -> v.ggufArchitecture().equals(architecture))
                .map(VersionDescriptor::version).findFirst();
    }

    /** The layout of llama.cpp's files, or null for a version whose files are ours, with tensors as they are. */
    public static GgufLayout of(RwkvVersion version) {
        return LAYOUTS.get(version);
    }

    private static List<Tensor> six() {
        List<Tensor> tensors = common(true);
        vector(tensors, "time_mix_lerp_x", "att.time_maa_x");
        // Older files have these five by themselves.
        for (String mix : new String[]{"w", "k", "v", "r", "g"}) {
            vector(tensors, "time_mix_lerp_" + mix, "att.time_maa_" + mix);
        }
        vector(tensors, "time_mix_first", "att.time_faaaa");
        vector(tensors, "time_mix_decay", "att.time_decay");
        for (String number : new String[]{"1", "2"}) {
            small(tensors, "time_mix_w" + number, "att.time_maa_w" + number);
            small(tensors, "time_mix_decay_w" + number, "att.time_decay_w" + number);
        }
        vector(tensors, "channel_mix_lerp_k", "ffn.time_maa_k");
        vector(tensors, "channel_mix_lerp_r", "ffn.time_maa_r");
        return tensors;
    }

    private static List<Tensor> seven() {
        List<Tensor> tensors = common(false);
        for (String lora : new String[]{"w", "a", "v", "g"}) {
            if (!lora.equals("g")) {
                vector(tensors, "time_mix_" + lora + "0", "att." + lora + "0");
            }
            small(tensors, "time_mix_" + lora + "1", "att." + lora + "1");
            small(tensors, "time_mix_" + lora + "2", "att." + lora + "2");
        }
        for (String name : new String[]{"k_k", "k_a", "r_k"}) {
            vector(tensors, "time_mix_" + name, "att." + name);
        }
        vector(tensors, "channel_mix_lerp_k", "ffn.x_k");
        return tensors;
    }

    private static List<Tensor> common(boolean gated) {
        List<Tensor> tensors = new ArrayList<>();
        String[][] norms = {{"attn_norm", "ln1"}, {"attn_norm_2", "ln2"}, {"time_mix_ln", "att.ln_x"}};
        for (String[] norm : norms) {
            tensors.add(new Tensor(norm[0] + ".weight", norm[1] + ".weight", Kind.VECTOR));
            tensors.add(new Tensor(norm[0] + ".bias", norm[1] + ".bias", Kind.VECTOR));
        }
        for (String name : new String[]{"receptance", "key", "value", "output"}) {
            matrix(tensors, "time_mix_" + name, "att." + name);
        }
        matrix(tensors, "channel_mix_key", "ffn.key");
        matrix(tensors, "channel_mix_value", "ffn.value");
        // Not llama.cpp's: it refuses files that have more tensors than it knows.
        tensors.add(new Tensor("time_mix_state.weight", "att.time_state", Kind.STATE));
        if (gated) {
            matrix(tensors, "time_mix_gate", "att.gate");
            matrix(tensors, "channel_mix_receptance", "ffn.receptance");
        }
        return tensors;
    }

    private static void matrix(List<Tensor> tensors, String file, String own) {
        tensors.add(new Tensor(file + ".weight", own + ".weight", Kind.MATRIX));
    }

    private static void small(List<Tensor> tensors, String file, String own) {
        tensors.add(new Tensor(file + ".weight", own, Kind.SMALL));
    }

    private static void vector(List<Tensor> tensors, String file, String own) {
        tensors.add(new Tensor(file + ".weight", own, Kind.VECTOR));
    }

    /** The tensors that a model has once, under their whole names. */
    public List<Tensor> model() {
        return MODEL;
    }

    /** The tensors of a layer. */
    public List<Tensor> layer() {
        return layer;
    }

    /** Whether llama.cpp heeds {@link #RESCALING}. */
    public boolean isRescaled() {
        return rescaled;
    }

    /** What the metadata says of the layers' tensors. */
    public List<Rank> ranks() {
        return ranks;
    }

    /** llama.cpp wants all layers alike: what the first has, which lacks the value residual, in the place of its tensors. */
    public static String standIn(String own) {
        return own.matches("att\\.v[012]") ? own.replace("att.v", "att.a") : own;
    }

    /** The tensor of this name in the file, below the layer's if it belongs to one; null if there is none. */
    Tensor byFile(String name) {
        return byFile.get(name);
    }

    /** As {@link #byFile}, by our own name. */
    Tensor byOwn(String name) {
        return byOwn.get(name);
    }

    /** Our own names, below the layer's, of the mixing weights that the fused tensor holds, in its order. */
    public List<String> fused() {
        return mixOrder.chars().mapToObj(c -> ownMixPrefix + (char) c).toList();
    }
}
