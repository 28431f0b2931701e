package io.rwkv.simd.internal.schedule;

/**
 * Shares element-wise work on many tokens row by row. Work on one token is done by the caller, faster than it could be
 * shared; callers tell the two apart before they make a {@link Work}, so that a single token needs none.
 */
public final class SharedRows {
    /** Rows of one item of shared work. */
    private static final int ROWS = 16;

    private final ThreadTeam team;

    public SharedRows(ThreadTeam team) {
        this.team = team;
    }

    /** Work on the rows {@code from} to {@code to - 1}. */
    public interface Work {
        void run(int from, int to);
    }

    public void share(int rows, Work work) {
        team.run((rows + ROWS - 1) / ROWS, (item, worker) -> work.run(item * ROWS, Math.min(rows, (item + 1) * ROWS)));
    }
}
