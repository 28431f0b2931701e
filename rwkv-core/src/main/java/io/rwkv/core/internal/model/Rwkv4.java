package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;

/** What makes a model an RWKV-4. */
final class Rwkv4 extends VersionDescriptor {
    Rwkv4() {
        super(RwkvVersion.V4, Tensors.common().layers(Tensors.SHIFT)
                .layers("att.time_decay C", "att.time_first C").layers(Tensors.FFN_GATE).layers(Tensors.FFN).build());
    }

    @Override
    StateLayout stateLayout(RwkvConfig config) {
        return SumState.layout(config);
    }

    @Override
    TimeMix timeMix(Weights weights, RwkvConfig config, int index) {
        return new TimeMix4(weights, config.width());
    }

    @Override
    ChannelMix channelMix(Weights weights, RwkvConfig config, int index) {
        return GatedChannelMix.ofVersion4(weights, config.width(), config.ffnWidth(), SumState.FFN_XX);
    }
}
