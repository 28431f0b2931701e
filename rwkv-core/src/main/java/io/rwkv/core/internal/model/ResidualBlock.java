package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;

/** {@code h += TimeMix(LN₁(h));  h += ChannelMix(LN₂(h))}. */
record ResidualBlock(Norm ln1, TimeMix timeMix, Norm ln2, ChannelMix channelMix) implements Block {
    @Override
    public void apply(Ops ops, Activations h, LayerState state, Stretch stretch) {
        int mark = ops.mark();
        ops.addTo(h, timeMix.apply(ops, ln1.apply(ops, h), state, stretch));
        ops.release(mark);
        ops.addTo(h, channelMix.apply(ops, ln2.apply(ops, h), state, stretch));
        ops.release(mark);
    }
}
