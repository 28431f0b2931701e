package io.rwkv.core.engine;

/** Functions that are applied element by element. */
public enum Nonlinearity {
    /** f(x) = x. */
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
    /** −0.606531 σ(x): the logarithm of RWKV-7's decay. The factor is e^−½, with the digits that checkpoints were trained with. */
    DECAY7
}
