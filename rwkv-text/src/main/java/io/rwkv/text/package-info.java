/**
 * From text to text with RWKV models: {@link io.rwkv.text.TextModel} opens a model with its tokenizer and generates, embeds
 * and counts. What it is made of can be used alone: the packages beside it.
 */
package io.rwkv.text;
