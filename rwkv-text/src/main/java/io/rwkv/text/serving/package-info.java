/**
 * Many texts with one model: a {@link io.rwkv.text.serving.GenerationService} reads the next tokens of all of them in one call, and
 * a {@link io.rwkv.text.serving.PrefixCache} remembers what was read.
 */
package io.rwkv.text.serving;
