package io.rwkv.core.engine;

/**
 * One part of one layer's state on its way through a stretch of tokens. An operation reads {@code before} and writes all of
 * {@code after}; the two may be the same array, so each element is read before it is written.
 *
 * @param before values before the first token, in the part's canonical layout
 * @param after receives the values after the last token
 */
public record StatePart(float[] before, float[] after) {}
