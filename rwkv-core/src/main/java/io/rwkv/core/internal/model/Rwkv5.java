package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;

/** What makes a model an RWKV-5, of each of its three releases. */
final class Rwkv5 extends VersionDescriptor {
    static final VersionDescriptor V5_0 = new Rwkv5(RwkvVersion.V5_0, false,
            table("att.time_decay H", "att.time_first|att.time_faaaa H").layers(Tensors.FFN));
    static final VersionDescriptor V5_1 = new Rwkv5(RwkvVersion.V5_1, true,
            gated(table("att.time_decay H", "att.time_faaaa|att.time_first H")));
    // Not time_first: its exponential would be taken, which is wrong for the files that call time_faaaa so.
    static final VersionDescriptor V5_2 = new Rwkv5(RwkvVersion.V5_2, true,
            gated(table("att.time_decay H N", "att.time_faaaa H N")));

    private final boolean gated;

    private Rwkv5(RwkvVersion version, boolean gated, TensorTable.Builder tensors) {
        super(version, tensors.optional(Tensors.TUNED_STATE).build());
        this.gated = gated;
    }

    private static TensorTable.Builder table(String... decayAndBonus) {
        return Tensors.common().layers(Tensors.SHIFT).layers(decayAndBonus).layers(Tensors.FFN_GATE)
                .layers(Tensors.HEAD_NORM);
    }

    private static TensorTable.Builder gated(TensorTable.Builder tensors) {
        return tensors.layers(Tensors.GATE).layers("att.time_mix_g C").layers(Tensors.FFN);
    }

    @Override
    StateLayout stateLayout(RwkvConfig config) {
        return MatrixState.layout(config);
    }

    @Override
    TunedState tunedState() {
        return new TunedState(Tensors.TIME_STATE, MatrixState.ATT_KV, true);
    }

    @Override
    TimeMix timeMix(Weights weights, RwkvConfig config, int index) {
        return new TimeMix5(weights, config.width(), config.heads(), gated);
    }

    @Override
    ChannelMix channelMix(Weights weights, RwkvConfig config, int index) {
        return GatedChannelMix.ofVersion4(weights, config.width(), config.ffnWidth(), MatrixState.FFN_XX);
    }
}
