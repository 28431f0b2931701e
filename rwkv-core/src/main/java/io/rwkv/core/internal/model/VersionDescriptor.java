package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;

import java.util.Set;

/**
 * All that is particular to a version: its tensors, by which it is also told from the others, its state, and its two mixes.
 * A new version is a subclass of this, a line in {@link Versions} and a constant of {@link RwkvVersion}. Immutable.
 */
public abstract class VersionDescriptor {
    /** What belongs to a token, is neither residual nor state, and is kept while the token goes through the layers. */
    enum Carried {
        /** The normalised embedding. */
        EMBEDDING,
        /** The value of the first layer's time mix. */
        FIRST_VALUE
    }

    private final RwkvVersion version;
    private final TensorTable tensors;

    VersionDescriptor(RwkvVersion version, TensorTable tensors) {
        this.version = version;
        this.tensors = tensors;
    }

    /** The version described. */
    public final RwkvVersion version() {
        return version;
    }

    /** All its tensors. */
    public final TensorTable tensors() {
        return tensors;
    }

    /** Whether LN₀ is applied to embeddings: a version that does not need its weights does not apply it. */
    final boolean normalisesEmbedding() {
        return tensors.required(0).stream().anyMatch(t -> t.names().contains("ln0.weight"));
    }

    /** The value of {@code general.architecture} in GGUF files. */
    public final String ggufArchitecture() {
        return "rwkv" + version.number().replace('.', '_');
    }

    /** The states of a model, starting from nothing. */
    abstract StateLayout stateLayout(RwkvConfig config);

    /** How an initial state is stored that was tuned, or null if there can be none. */
    TunedState tunedState() {
        return null;
    }

    /** What a token takes with it from layer to layer. */
    Set<Carried> carried() {
        return Set.of();
    }

    /**
     * One layer.
     *
     * @param weights those below {@code blocks.N.}
     * @param index the layer's number
     */
    Block block(Weights weights, RwkvConfig config, int index) {
        int width = config.width();
        return new ResidualBlock(Norm.load(weights, "ln1", width), timeMix(weights, config, index),
                Norm.load(weights, "ln2", width), channelMix(weights, config, index));
    }

    /** As {@link #block}, of its time mix. */
    abstract TimeMix timeMix(Weights weights, RwkvConfig config, int index);

    /** As {@link #block}, of its channel mix. */
    abstract ChannelMix channelMix(Weights weights, RwkvConfig config, int index);
}
