/**
 * Says how likely a model finds given texts: {@link io.rwkv.text.scoring.Scorer} gives a {@link io.rwkv.text.scoring.Score} for
 * each, and a {@link io.rwkv.text.scoring.Classification} by the likelihood of labels.
 */
package io.rwkv.text.scoring;
