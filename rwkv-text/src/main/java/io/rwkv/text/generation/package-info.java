/** Continues texts: the loop that chooses tokens, what ends it, and what it comes to. */
package io.rwkv.text.generation;
