package io.rwkv.core.internal.model;

/**
 * How checkpoints hold an initial state that was tuned.
 *
 * @param tensor below {@code blocks.N.}, [H, N, N]
 * @param part the part of the state it is, by its index in the {@link StateLayout}
 * @param transposed whether its rows are the part's columns: training code for RWKV-5 and 6 writes
 *         [value channel][key channel], and their states are [key channel][value channel]
 */
record TunedState(String tensor, int part, boolean transposed) {}
