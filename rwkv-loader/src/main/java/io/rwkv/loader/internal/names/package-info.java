/**
 * Families of names: each shows a file's tensors under RWKV's own. Knows the formats where a family has its own.
 */
package io.rwkv.loader.internal.names;
