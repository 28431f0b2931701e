/**
 * Who computes what: a team of threads, and operations divided into items for them. Knows {@code kernel} and {@code memory}.
 */
package io.rwkv.simd.internal.schedule;
