package io.rwkv.simd.internal.schedule;

import io.rwkv.core.engine.StatePart;
import io.rwkv.simd.internal.kernel.Wkv4;
import io.rwkv.simd.internal.memory.SimdActivations;

/**
 * The WKV of RWKV-4, shared by a team's threads in ranges of channels of sequences. Used again and again by one {@code SimdOps}, so that no
 * token needs a new task.
 */
public final class Recurrence4 implements ThreadTeam.Task {
    private final ThreadTeam team;
    private final Wkv4[] kernels; // for each thread, made when first needed

    // Of the present run; names are those of Ops.
    private SimdActivations k;
    private SimdActivations v;
    private float[] decay;
    private float[] bonus;
    private StatePart aa;
    private StatePart bb;
    private StatePart pp;
    private SimdActivations out;
    private int ranges; // of channels

    public Recurrence4(ThreadTeam team) {
        this.team = team;
        kernels = new Wkv4[team.size()];
    }

    /** All are [tokens, channels]; {@code decay} and {@code bonus} are [channels]. */
    public void run(SimdActivations k, SimdActivations v, float[] decay, float[] bonus, StatePart aa, StatePart bb,
            StatePart pp, SimdActivations out) {
        this.k = k;
        this.v = v;
        this.decay = decay;
        this.bonus = bonus;
        this.aa = aa;
        this.bb = bb;
        this.pp = pp;
        this.out = out;
        try {
            ranges = Math.ceilDiv(k.columns, Wkv4.CHANNELS);
            team.run(Math.multiplyExact(aa.sequences(), ranges), this);
        } finally {
            // The state is the caller's, and this object may outlive it.
            this.aa = null;
            this.bb = null;
            this.pp = null;
        }
    }

    @Override
    public void run(int item, int worker) {
        if (kernels[worker] == null) {
            kernels[worker] = new Wkv4();
        }
        int sequence = item / ranges;
        int from = item % ranges * Wkv4.CHANNELS;
        int channels = k.columns;
        int row = aa.row(sequence);
        kernels[worker].run(k.values, v.values, decay, bonus, from, Math.min(Wkv4.CHANNELS, channels - from), row,
                row + aa.rows(sequence), channels, aa, bb, pp, sequence, out.values);
    }
}
