/** Turns texts into vectors. */
package io.rwkv.text.embedding;
