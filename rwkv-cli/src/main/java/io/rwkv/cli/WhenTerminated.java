package io.rwkv.cli;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Lets a command that writes a large file take back what it has written when the user ends it in between. */
final class WhenTerminated {
    /** As much as it may take to notice: a piece of a tensor to convert, and many gigabytes to delete. */
    private static final int SECONDS = 10;

    /** The work, which ends with an exception and cleans up when its thread is interrupted. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    private WhenTerminated() {
    }

    /** Runs the work in this thread; a signal that ends the program interrupts it, and waits until it has cleaned up. */
    static void interrupt(Work work) throws IOException {
        Thread worker = Thread.currentThread();
        CountDownLatch done = new CountDownLatch(1);
        Thread hook = new Thread(() -> {
            worker.interrupt();
            try {
                done.await(SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                // Nobody interrupts hooks; the program ends in any case.
            }
        }, "rwkv-terminated");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            work.run();
        } catch (ClosedByInterruptException e) {
            throw new IOException("terminated; nothing was written", e);
        } finally {
            done.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The program is ending, and the hook has run.
            }
        }
    }
}
