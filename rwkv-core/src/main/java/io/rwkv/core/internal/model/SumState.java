package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;

import java.util.List;

/** The state of RWKV-4: two sums for each channel. */
final class SumState {
    /** The time mix's normalised input of the previous token, [C]. */
    static final int ATT_XX = 0;
    /** The numerator, scaled by {@code e^−pp}, [C]. */
    static final int ATT_AA = 1;
    /** The denominator, scaled by {@code e^−pp}, [C]. */
    static final int ATT_BB = 2;
    /** The largest exponent so far, [C]. */
    static final int ATT_PP = 3;
    /** The channel mix's normalised input of the previous token, [C]. */
    static final int FFN_XX = 4;

    private SumState() {
    }

    static StateLayout layout(RwkvConfig config) {
        List<Integer> channels = List.of(config.width());
        return new StateLayout(config.layers(), List.of(new StateLayout.Part("att_xx", channels, 0),
                new StateLayout.Part("att_aa", channels, 0), new StateLayout.Part("att_bb", channels, 0),
                // Finite, unlike −∞, so that the difference of two of them is 0 and not NaN.
                new StateLayout.Part("att_pp", channels, -1e30f), new StateLayout.Part("ffn_xx", channels, 0)));
    }
}
