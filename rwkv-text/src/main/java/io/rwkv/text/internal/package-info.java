/** What packages here share: one text's way from logits to certain text, whoever calls the model; and lists of texts. */
package io.rwkv.text.internal;
