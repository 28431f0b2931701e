package io.rwkv.core.engine;

/** Functions applied to each element. */
public enum Nonlinearity {
    /** x. */
    IDENTITY,
    /** tanh x. */
    TANH,
    /** σ(x) = 1 / (1 + e^−x). */
    SIGMOID,
    /** x · σ(x). */
    SILU,
    /** max(x, 0)². */
    SQUARED_RELU,
    /** −e^x: the logarithm of RWKV-6's decay. */
    MINUS_EXP,
    /** −0.606531 σ(x): the logarithm of RWKV-7's decay, whose factor is e^−½ as checkpoints were trained with it. */
    DECAY7
}
