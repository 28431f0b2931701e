/** What generation and serving share: one text's way from logits to certain text, whoever calls the model. */
package io.rwkv.text.internal;
