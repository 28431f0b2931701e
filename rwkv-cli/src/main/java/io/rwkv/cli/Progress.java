package io.rwkv.cli;

import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * A line on a terminal that shows how far something is, how fast it goes and how long it will still take, once it has taken more
 * than a second (or as many milliseconds as the system property {@code rwkv.progress.after} says). Where standard error is no
 * terminal, nothing is shown. Safe for any number of threads.
 */
final class Progress implements AutoCloseable {
    /** Shows nothing. */
    static final Progress NONE = new Progress("", "", false, System::nanoTime);

    /** How much there is in all, where nobody knows. */
    static final long UNKNOWN = -1;

    private static final long PATIENCE_MILLIS = 1000;
    private static final long REDRAW_NANOS = 200_000_000L;
    private static final int BAR = 20;
    private static final double NANOS = 1e9;

    private final String what;
    private final String unit; // null for bytes
    private final LongSupplier clock;
    private final boolean terminal;
    private final long patienceNanos = 1_000_000 * Long.getLong("rwkv.progress.after", PATIENCE_MILLIS);
    private final long start;
    private long done;
    private long total;
    private long drawnAt;
    private int drawn; // characters on the line
    private boolean shown; // ever
    private boolean closed;

    /** @param unit null for bytes */
    Progress(String what, String unit, boolean terminal, LongSupplier clock) {
        this.what = what;
        this.unit = unit;
        this.terminal = terminal;
        this.clock = clock;
        start = clock.getAsLong();
        drawnAt = start - REDRAW_NANOS;
    }

    /**
     * Of something counted.
     *
     * @param what is done, such as "reading"
     * @param unit what is counted, such as "tokens"
     */
    static Progress of(String what, String unit) {
        // Java cannot tell whether standard error is a terminal; bin/rwkv can.
        Progress progress = new Progress(what, unit, Boolean.getBoolean("rwkv.terminal"), System::nanoTime);
        if (progress.terminal) {
            Thread thread = new Thread(progress::keepDrawing, "rwkv-progress");
            thread.setDaemon(true);
            thread.start();
        }
        return progress;
    }

    /** Of bytes. */
    static Progress bytes(String what) {
        return of(what, null);
    }

    /** So that the line is there, and its time goes on, also while nothing is reported. */
    private void keepDrawing() {
        try {
            while (redraw()) {
                Thread.sleep(REDRAW_NANOS / 1_000_000);
            }
        } catch (InterruptedException e) {
            // Nobody interrupts it.
        }
    }

    /**
     * Takes a report.
     *
     * @param totalUnits how much there is in all, or {@link #UNKNOWN}
     */
    synchronized void report(long doneUnits, long totalUnits) {
        done = doneUnits;
        total = totalUnits;
        redraw();
    }

    private synchronized boolean redraw() {
        long now = clock.getAsLong();
        boolean due = now - drawnAt >= REDRAW_NANOS || done == total && shown;
        if (!closed && terminal && now - start > patienceNanos && due) {
            String line = line((now - start) / NANOS);
            System.err.print("\r" + line + " ".repeat(Math.max(0, drawn - line.length())));
            System.err.flush();
            drawn = line.length();
            drawnAt = now;
            shown = true;
        }
        return !closed;
    }

    private String line(double seconds) {
        double rate = done / seconds;
        StringBuilder line = new StringBuilder(what);
        if (total > 0) {
            double share = Math.min(1, (double) done / total);
            int full = (int) (BAR * share);
            line.append(" [").append("#".repeat(full)).append(" ".repeat(BAR - full)).append("] ")
                    .append((int) (100 * share)).append(" %");
        } else if (total < 0) {
            line.append(' ').append(amount(done));
        }
        if (done > 0) {
            line.append(", ").append(amount(rate)).append("/s");
        }
        if (done > 0 && total > 0) {
            line.append(", ").append(time(Math.max(0, total - done) / rate)).append(" left");
        } else {
            line.append(", ").append(time(seconds));
        }
        return line.toString();
    }

    private String amount(double value) {
        if (unit != null) {
            String format = value == Math.rint(value) || value >= 100 ? "%.0f %s" : value >= 1 ? "%.1f %s" : "%.2f %s";
            return String.format(Locale.ROOT, format, value, unit);
        }
        return value >= 1e9
                ? String.format(Locale.ROOT, "%.2f GB", value / 1e9)
                : String.format(Locale.ROOT, "%.1f MB", value / 1e6);
    }

    private static String time(double seconds) {
        long whole = Math.round(Math.min(seconds, 1e9));
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }

    /** Takes the line away, until there is something new to show: for whoever writes lines of results to the same terminal. */
    synchronized void clear() {
        if (drawn > 0) {
            System.err.print("\r" + " ".repeat(drawn) + "\r");
            System.err.flush();
            drawn = 0;
        }
    }

    /** Takes the line away for good. Closing twice is harmless. */
    @Override
    public synchronized void close() {
        clear();
        closed = true;
    }
}
