package io.rwkv.cli;

/** A line on a terminal that shows how far something is, once that takes more than a second. */
final class Progress {
    private static final long PATIENCE_NANOS = 1_000_000_000L;

    private final String what;
    private final long start = System.nanoTime();
    // Java cannot tell whether standard error is a terminal; bin/rwkv can.
    private final boolean terminal = Boolean.getBoolean("rwkv.terminal");
    private int shown = -1;

    Progress(String what) {
        this.what = what;
    }

    void report(long done, long total) {
        int percent = total == 0 ? 100 : (int) (100.0 * done / total);
        if (terminal && percent != shown && System.nanoTime() - start > PATIENCE_NANOS) {
            shown = percent;
            System.err.print("\r" + what + " " + percent + " %");
            System.err.flush();
        }
    }

    void clear() {
        if (shown >= 0) {
            System.err.print("\r" + " ".repeat(what.length() + 6) + "\r");
            System.err.flush();
        }
    }
}
