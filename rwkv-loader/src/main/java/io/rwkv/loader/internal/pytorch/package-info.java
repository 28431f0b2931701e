/**
 * PyTorch's files: pickles, of which nothing is executed, in a zip archive or in a stream. Knows no names of tensors.
 */
package io.rwkv.loader.internal.pytorch;
