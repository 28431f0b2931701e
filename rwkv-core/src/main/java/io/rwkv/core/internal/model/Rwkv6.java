package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;

/** What makes a model an RWKV-6. */
final class Rwkv6 extends VersionDescriptor {
    Rwkv6() {
        super(RwkvVersion.V6, Tensors.common()
                .layers("att.time_maa_x C", "att.time_maa_w C", "att.time_maa_k C", "att.time_maa_v C",
                        "att.time_maa_r C", "att.time_maa_g C", "att.time_maa_w2 5 m C", "att.time_maa_w1 C 5*m",
                        "att.time_decay C", "att.time_decay_w1 C d", "att.time_decay_w2 d C", "att.time_faaaa H N",
                        "ffn.time_maa_r C", "ffn.time_maa_k C")
                .layers(Tensors.FFN_GATE).layers(Tensors.HEAD_NORM).layers(Tensors.GATE).layers(Tensors.FFN)
                .optional(Tensors.TUNED_STATE).build());
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
        return new TimeMix6(weights, config.width(), config.heads());
    }

    @Override
    ChannelMix channelMix(Weights weights, RwkvConfig config, int index) {
        return GatedChannelMix.ofVersion6(weights, config.width(), config.ffnWidth());
    }
}
