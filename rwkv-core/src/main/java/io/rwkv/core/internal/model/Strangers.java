package io.rwkv.core.internal.model;

import io.rwkv.core.tensor.TensorFile;

import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What tensors are that no version here has: other versions, adapters, other families of names. For messages only. */
public final class Strangers {
    /** Names of this form, and what has them. */
    private record Sign(Pattern name, String explanation) {}

    private static final String LAYER = "blocks\\.\\d+\\.";
    private static final String NOT_RUN = ", which is not run";

    private static final Pattern TUNED = Pattern.compile(LAYER + "att\\.time_state");

    private static final List<Sign> SIGNS = List.of(
            // Adapters and what trainers and quantisers add; under any prefix.
            sign("(.*\\.)?init_lora_[AB](\\..*)?", "it belongs to a PiSSA adapter, which has to be merged first"),
            sign("(.*\\.)?lora_[ABMmab](\\..*)?|(.*\\.)?lora_embedding_[AB](\\..*)?|(.*\\.)?lora_magnitude_vector(\\..*)?",
                    "it belongs to an adapter (LoRA or PiSSA) that is not merged into the weights"),
            sign("(.*\\.)?(disha|bone|bat|miss)(\\..*)?",
                    "it belongs to an adapter (DiSHA or Bone) that is not merged into the weights"),
            sign(".*\\.weight_(mx|rx|my|ry)|_(strategy|version|rescale_layer)",
                    "ChatRWKV converted the file for one of its strategies: its original is what is read"),
            sign(".*\\.(qweight|qzeros|scales|g_idx|SCB|absmax|quant_map|weight_scale|weight_scale_inv|quant_state.*)",
                    "another tool has quantised the weights, in a way that is not read"),
            // Other versions.
            sign(LAYER + "ffn\\.enn\\.weight", "RWKV-8 has it" + NOT_RUN),
            sign(LAYER + "qkv\\..*", "RWKV-7b has it, and the hybrid of RWKV-8: neither is run"),
            sign(LAYER + "tiny_.*", "RWKV-4a (tiny attention) has it" + NOT_RUN),
            sign(LAYER + "att\\.(qq|kk|vv|oo)\\.weight|" + LAYER + "att\\.(time_mix_(qq|kk|vv)|att_mask)",
                    "RWKV-4b has it" + NOT_RUN),
            sign(LAYER + "(att|ffn)\\.time_mix", "RWKV-2 has it" + NOT_RUN),
            sign(LAYER + "ffnPre\\..*", "models trained with the option ffnPre have it, which are not run"),
            sign("head_[qk]\\.weight|copy_mask",
                    "models trained with a copy head (head-QK) have it, which are not run"),
            sign("pos_emb(_[xy])?", "models trained with position embeddings have it, which are not run"),
            new Sign(TUNED, "it is a tuned initial state, of a version or a layer that can have none"),
            sign("state\\.\\d+\\..*",
                    "it is part of a state that was written, not of a model: loadState reads saved states"),
            sign("vit\\..*|proj\\..*", "it belongs to a model that reads images, which is not run"),
            sign("head\\.(cls|sts|retr)_head\\..*", "it belongs to EmbeddingRWKV's heads, which are not run"),
            sign("reranker.*", "it belongs to EmbeddingRWKV's reranker, which is not run"),
            // Other families of names.
            sign("rwkv7?\\.embeddings\\.weight|(rwkv7?\\.)?" + LAYER + "(attention|feed_forward|pre_ln)\\..*",
                    "these are names of Hugging Face's transformers library, under which no model is read"),
            sign("model\\.layers\\.\\d+\\.(linear_attn|mlp|input_layernorm|post_attention_layernorm)\\..*"
                    + "|model\\.(embed_tokens|embedding_norm)\\..*",
                    "these are names of rwkv-rs, under which no model is read"),
            sign("(.*\\.)?model\\.(layers\\.\\d+\\.(attn|ffn|attn_norm|ffn_norm|pre_norm)\\..*|embeddings\\.weight)",
                    "these are names of flash-linear-attention (fla), which are read only if all names are of that kind"),
            sign("blk\\.\\d+\\..*|token_embd.*", "these are names of llama.cpp, which are read in GGUF files"));

    /** RWKV's own names behind something else. */
    private static final Pattern PREFIXED = Pattern
            .compile("(.+\\.)(emb\\.weight|" + LAYER + "(ln[012]|att|ffn)\\..*|ln_out\\.(weight|bias)|head\\.weight)");

    private Strangers() {
    }

    private static Sign sign(String name, String explanation) {
        return new Sign(Pattern.compile(name, Pattern.DOTALL), explanation);
    }

    /**
     * What a tensor that no version here has probably is.
     *
     * @return the end of a sentence, or null if nothing is known of such names
     */
    static String explain(String name) {
        for (Sign sign : SIGNS) {
            if (sign.name.matcher(name).matches()) {
                return sign.explanation;
            }
        }
        Matcher prefixed = PREFIXED.matcher(name);
        return prefixed.matches()
                ? "RWKV's own names have the prefix \"" + prefixed.group(1)
                        + "\" here, as training frameworks and model classes add it: it has to be removed"
                : null;
    }

    /** The name that tells most of several, or null if nothing is known of any; a prefix tells less than all else. */
    static String telling(Collection<String> names) {
        String prefixed = null;
        for (String name : names) {
            if (SIGNS.stream().anyMatch(s -> s.name.matcher(name).matches())) {
                return name;
            }
            prefixed = prefixed == null && PREFIXED.matcher(name).matches() ? name : prefixed;
        }
        return prefixed;
    }

    /** What a file that is no RWKV of any version here probably is, for the end of a message; empty if nothing is known. */
    public static String remark(TensorFile file) {
        if (!file.names().isEmpty() && file.names().stream().allMatch(n -> TUNED.matcher(n).matches())) {
            return "; it is a tuned initial state, which is no model by itself: newState(path) of the model it was tuned for"
                    + " reads it";
        }
        String name = telling(file.names());
        return name == null ? "" : "; of " + file.nameInFile(name) + ": " + explain(name);
    }

    /** What a tensor of this name probably is, for the end of a message; empty if nothing is known of it. */
    public static String remark(String name) {
        String explanation = explain(name);
        return explanation == null ? "" : "; " + explanation;
    }
}
