/**
 * Generates text: {@link io.rwkv.text.generation.TextGenerator} prepares a {@link io.rwkv.text.generation.Generation.Request},
 * which is run with {@link io.rwkv.text.generation.GenerationOptions} and gives a {@link io.rwkv.text.generation.Generation}.
 * {@link io.rwkv.text.generation.TokenGenerator} is the same loop in tokens, without text.
 */
package io.rwkv.text.generation;
