package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;

import java.util.List;

/** The state of RWKV-5, 6 and 7: a matrix for each head. */
final class MatrixState {
    /** The time mix's normalised input of the previous token, [C]. */
    static final int ATT_XX = 0;
    /** [H, N, N]: [key][value] in RWKV-5 and 6, [value][key] in RWKV-7. */
    static final int ATT_KV = 1;
    /** The channel mix's normalised input of the previous token, [C]. */
    static final int FFN_XX = 2;

    private MatrixState() {
    }

    static StateLayout layout(RwkvConfig config) {
        List<Integer> channels = List.of(config.width());
        int n = config.headSize();
        return new StateLayout(config.layers(),
                List.of(new StateLayout.Part("att_xx", channels, 0),
                        new StateLayout.Part("att_kv", List.of(config.heads(), n, n), 0),
                        new StateLayout.Part("ffn_xx", channels, 0)));
    }
}
