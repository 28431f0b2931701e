/** Serves many prompts with one model: {@link io.rwkv.text.serving.PrefixCache} remembers what was read. */
package io.rwkv.text.serving;
