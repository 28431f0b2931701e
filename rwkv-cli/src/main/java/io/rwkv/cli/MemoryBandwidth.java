package io.rwkv.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;

/** How fast this machine reads memory: the limit of decoding, which reads every weight for every token. */
public final class MemoryBandwidth {
    private static final long MOST_BYTES = 1L << 30; // however many threads, and far beyond any cache
    private static final long LEAST_BYTES = 128L << 20;
    private static final long LEAST_BYTES_EACH = 8L << 20; // so that starting together does not count
    private static final int HEAP_SHARE = 2;
    private static final int MAX_BYTES = 512 << 20;
    private static final int STREAMS = 8;
    private static final int LINE = 64 / Long.BYTES; // memory comes in lines of so many longs
    private static final int ROUNDS = 8;

    private MemoryBandwidth() {
    }

    /**
     * Bytes per second that {@code threads} threads read together, the best of some rounds; NaN if the heap is too small, or the
     * threads are too many, for it to be more than what caches give. Each reads one word of every line of
     * memory, in eight places by turns: processors read ahead in each of them, and with fewer streams some stay below their full speed.
     */
    public static double measure(int threads) throws InterruptedException {
        long bytes = Math.min(MOST_BYTES, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
        if (bytes < LEAST_BYTES || bytes / threads < LEAST_BYTES_EACH) {
            return Double.NaN;
        }
        int longs = (int) Math.min(MAX_BYTES, bytes / threads) / Long.BYTES / (STREAMS * LINE) * STREAMS * LINE;
        long[][] arrays = new long[threads][longs];
        LongAdder sums = new LongAdder(); // so that no reading is in vain
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            CountDownLatch ready = new CountDownLatch(threads);
            CountDownLatch go = new CountDownLatch(1);
            Thread[] team = new Thread[threads];
            for (int i = 0; i < threads; i++) {
                long[] array = arrays[i];
                team[i] = new Thread(() -> {
                    ready.countDown();
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        return;
                    }
                    sums.add(read(array));
                });
                team[i].start();
            }
            ready.await();
            long start = System.nanoTime();
            go.countDown();
            for (Thread thread : team) {
                thread.join();
            }
            best = Math.max(best, (double) Long.BYTES * longs * threads / (System.nanoTime() - start) * 1e9);
        }
        if (sums.sum() != 0) {
            throw new AssertionError("arrays of zeros, found a sum of " + sums.sum());
        }
        return best;
    }

    private static long read(long[] a) {
        int part = a.length / STREAMS;
        long even = 0;
        long odd = 0;
        for (int i = 0; i < part; i += LINE) {
            even += a[i] + a[i + 2 * part] + a[i + 4 * part] + a[i + 6 * part];
            odd += a[i + part] + a[i + 3 * part] + a[i + 5 * part] + a[i + 7 * part];
        }
        return even + odd;
    }
}
