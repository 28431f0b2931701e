package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;

import java.util.EnumSet;
import java.util.Set;

/** What makes a model an RWKV-7, or an RWKV-7a, which has "DeepEmbed" in its channel mix besides. */
final class Rwkv7 extends VersionDescriptor {
    private static final String[] VALUE_RESIDUAL = {"att.v0 C", "att.v1 C v", "att.v2 v C"};

    static final VersionDescriptor V7 = new Rwkv7(RwkvVersion.V7, false, table());
    static final VersionDescriptor V7A = new Rwkv7(RwkvVersion.V7A, true, table().layers("ffn.s0 F", "ffn.s1 C s",
            "ffn.s2 s F", "ffn.s_emb.weight V s*s @table", "ffn.s_emb_x.weight s*s C"));

    private final boolean deep;

    private Rwkv7(RwkvVersion version, boolean deep, TensorTable.Builder tensors) {
        super(version, tensors.build());
        this.deep = deep;
    }

    private static TensorTable.Builder table() {
        return Tensors.common()
                .layers("att.x_r C", "att.x_w C", "att.x_k C", "att.x_v C", "att.x_a C", "att.x_g C", "att.w0 C",
                        "att.w1 C w", "att.w2 w C", "att.a0 C", "att.a1 C a", "att.a2 a C", "att.g1 C g", "att.g2 g C",
                        "att.k_k C", "att.k_a C", "att.r_k H N", "ffn.x_k C")
                .laterLayers(VALUE_RESIDUAL)
                // The first layer's value is the one that the others mix in: it mixes in none, whatever these are.
                .unusedInFirstLayer(VALUE_RESIDUAL).layers(Tensors.HEAD_NORM).layers(Tensors.FFN)
                .optional(Tensors.TUNED_STATE);
    }

    @Override
    StateLayout stateLayout(RwkvConfig config) {
        return MatrixState.layout(config);
    }

    @Override
    TunedState tunedState() {
        return new TunedState(Tensors.TIME_STATE, MatrixState.ATT_KV, false);
    }

    @Override
    Set<Carried> carried() {
        return deep ? EnumSet.of(Carried.EMBEDDING, Carried.FIRST_VALUE) : EnumSet.of(Carried.FIRST_VALUE);
    }

    @Override
    TimeMix timeMix(Weights weights, RwkvConfig config, int index) {
        return new TimeMix7(weights, config.width(), config.heads(), index == 0);
    }

    @Override
    ChannelMix channelMix(Weights weights, RwkvConfig config, int index) {
        return new ChannelMix7(weights, config.width(), config.ffnWidth(), deep, config.vocabularySize());
    }
}
