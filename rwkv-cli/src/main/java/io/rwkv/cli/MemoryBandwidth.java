package io.rwkv.cli;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/** How fast this machine reads memory: the limit of decoding, which reads every weight for every token. */
public final class MemoryBandwidth {
    private static final int MAX_INTS = 64 << 20; // 256 MiB per array, far beyond any cache
    private static final int ALL_INTS = 256 << 20; // 1 GiB, however many threads
    private static int sink;

    private MemoryBandwidth() {
    }

    /**
     * Bytes per second that {@code threads} threads read together; the best of some rounds. Each compares two equal arrays of
     * its own, which the JVM does at the speed of memory; it reads a plain sum at half of that.
     */
    public static double measure(int threads) throws InterruptedException {
        int ints = Math.min(MAX_INTS, ALL_INTS / (2 * threads));
        int[][] arrays = new int[2 * threads][ints];
        double best = 0;
        for (int round = 0; round < 8; round++) {
            CountDownLatch ready = new CountDownLatch(threads);
            CountDownLatch go = new CountDownLatch(1);
            Thread[] team = new Thread[threads];
            for (int i = 0; i < threads; i++) {
                int[] one = arrays[2 * i];
                int[] other = arrays[2 * i + 1];
                team[i] = new Thread(() -> {
                    ready.countDown();
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        return;
                    }
                    sink += Arrays.mismatch(one, other);
                });
                team[i].start();
            }
            ready.await();
            long start = System.nanoTime();
            go.countDown();
            for (Thread thread : team) {
                thread.join();
            }
            best = Math.max(best, 8.0 * ints * threads / (System.nanoTime() - start) * 1e9);
        }
        return best;
    }
}
