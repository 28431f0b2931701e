/** Which tokens of a vocabulary may come next: the vocabulary as a tree of bytes, sets of tokens, and banned strings. */
package io.rwkv.text.internal.masks;
