package io.rwkv.core.internal.model;

/** Tensors that several versions have. */
final class Tensors {
    static final String[] HEAD_NORM = {"att.ln_x.weight C", "att.ln_x.bias C"};
    static final String[] SHIFT = {"att.time_mix_r C", "att.time_mix_k C", "att.time_mix_v C", "ffn.time_mix_r C",
            "ffn.time_mix_k C"};
    static final String[] FFN = {"ffn.key.weight F C", "ffn.value.weight C F"};
    static final String[] FFN_GATE = {"ffn.receptance.weight C C"};
    static final String[] GATE = {"att.gate.weight C C"};
    /** An initial state that was tuned. */
    static final String TIME_STATE = "att.time_state";
    static final String[] TUNED_STATE = {TIME_STATE + " H N N"};

    private Tensors() {
    }

    /** A table with what all versions have. */
    static TensorTable.Builder common() {
        return TensorTable.builder()
                .model("emb.weight V C @table", "ln_out.weight C", "ln_out.bias C", "head.weight V C")
                .firstLayer("ln0.weight C", "ln0.bias C")
                .layers("ln1.weight C", "ln1.bias C", "ln2.weight C", "ln2.bias C")
                .layers("att.receptance.weight C C", "att.key.weight C C", "att.value.weight C C",
                        "att.output.weight C C");
    }
}
