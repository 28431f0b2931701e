package io.rwkv.simd.internal.schedule;

import io.rwkv.simd.internal.kernel.LogSumExp;
import io.rwkv.simd.internal.memory.SimdActivations;

/** {@code log Σ e^x} of each row, shared by a team's threads. Used again and again by one {@code SimdOps}. */
public final class LogSums implements ThreadTeam.Task {
    private final ThreadTeam team;
    private final LogSumExp[] kernels; // for each thread, made when first needed

    // Of the present run.
    private SimdActivations x;
    private SimdActivations out;

    public LogSums(ThreadTeam team) {
        this.team = team;
        kernels = new LogSumExp[team.size()];
    }

    /** @param out [rows of x, 1] */
    public void run(SimdActivations x, SimdActivations out) {
        this.x = x;
        this.out = out;
        team.run(x.rows, this);
    }

    @Override
    public void run(int row, int worker) {
        if (kernels[worker] == null) {
            kernels[worker] = new LogSumExp();
        }
        out.values[row] = kernels[worker].of(x.values, row * x.columns, x.columns);
    }
}
