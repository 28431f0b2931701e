package io.rwkv.simd.internal.schedule;

import io.rwkv.core.engine.StatePart;
import io.rwkv.simd.internal.kernel.Wkv;
import io.rwkv.simd.internal.memory.SimdActivations;

/**
 * The WKV of RWKV-7, shared by a team's threads by sequence and head. Used again and again by one {@code SimdOps}, so that no token
 * needs a new task.
 */
public final class Recurrence7 implements ThreadTeam.Task {
    private final ThreadTeam team;
    private final HeadDecays decays;

    // Of the present run; names are those of Ops.
    private SimdActivations r;
    private SimdActivations logDecay;
    private SimdActivations k;
    private SimdActivations v;
    private SimdActivations kk;
    private SimdActivations add;
    private int heads;
    private StatePart s;
    private SimdActivations out;

    public Recurrence7(ThreadTeam team, HeadDecays decays) {
        this.team = team;
        this.decays = decays;
    }

    /** All are [tokens, channels], {@code s} is [heads, n, n]. */
    public void run(SimdActivations r, SimdActivations logDecay, SimdActivations k, SimdActivations v,
            SimdActivations kk,
            SimdActivations add, int heads, StatePart s, SimdActivations out) {
        this.r = r;
        this.logDecay = logDecay;
        this.k = k;
        this.v = v;
        this.kk = kk;
        this.add = add;
        this.heads = heads;
        this.s = s;
        this.out = out;
        try {
            team.run(Math.multiplyExact(s.sequences(), heads), this);
        } finally {
            this.s = null; // the caller's, and this object may outlive it
        }
    }

    @Override
    public void run(int item, int worker) {
        int sequence = item / heads;
        int n = k.columns / heads;
        int from = s.row(sequence);
        Wkv.head7(r.values, logDecay.values, k.values, v.values, kk.values, add.values, item % heads, n, from,
                from + s.rows(sequence),
                k.columns, s.before(sequence), s.after(sequence), out.values, decays.of(worker, n));
    }
}
