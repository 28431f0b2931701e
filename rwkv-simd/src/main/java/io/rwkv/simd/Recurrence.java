package io.rwkv.simd;

import io.rwkv.core.engine.StatePart;

/**
 * The recurrences of {@link Wkv} and {@link Wkv4}, shared by a team's threads head by head, or by ranges of channels. Used
 * again and again by one {@link SimdOps}, so that no token needs a new task.
 */
final class Recurrence implements ThreadTeam.Task {
    private enum Kind {
        V4, V6, V7
    }

    private final ThreadTeam team;
    private final float[][] decays; // for each thread: of one head of one token
    private final Wkv4[] wkv4;

    // Of the present run. Names are those of Ops, where some versions have other arguments.
    private Kind kind;
    private float[] r;
    private float[] k;
    private float[] v;
    private float[] decay;
    private float[] kk;
    private float[] add;
    private float[] bonus;
    private StatePart first;
    private StatePart second;
    private StatePart third;
    private float[] out;
    private int tokens;
    private int channels;
    private int n; // channels of a head

    Recurrence(ThreadTeam team) {
        this.team = team;
        decays = new float[team.size()][];
        wkv4 = new Wkv4[team.size()];
    }

    void run4(SimdActivations k, SimdActivations v, float[] decay, float[] bonus, StatePart aa, StatePart bb,
            StatePart pp, SimdActivations out) {
        this.decay = decay;
        this.bonus = bonus;
        second = bb;
        third = pp;
        run(Kind.V4, Math.ceilDiv(k.columns, Wkv4.CHANNELS), k, v, aa, out);
    }

    void run6(SimdActivations r, SimdActivations k, SimdActivations v, SimdActivations logDecay, int heads,
            StatePart s, SimdActivations out) {
        this.r = r.values;
        decay = logDecay.values;
        n = k.columns / heads;
        run(Kind.V6, heads, k, v, s, out);
    }

    void run7(SimdActivations r, SimdActivations logDecay, SimdActivations k, SimdActivations v, SimdActivations kk,
            SimdActivations add, int heads, StatePart s, SimdActivations out) {
        this.r = r.values;
        decay = logDecay.values;
        this.kk = kk.values;
        this.add = add.values;
        n = k.columns / heads;
        run(Kind.V7, heads, k, v, s, out);
    }

    private void run(Kind what, int items, SimdActivations keys, SimdActivations values, StatePart state,
            SimdActivations result) {
        kind = what;
        k = keys.values;
        v = values.values;
        first = state;
        out = result.values;
        tokens = keys.rows;
        channels = keys.columns;
        try {
            team.run(items, this);
        } finally {
            // The state is the caller's, and this object may outlive it.
            first = null;
            second = null;
            third = null;
        }
    }

    @Override
    public void run(int item, int worker) {
        switch (kind) {
            case V4 -> {
                if (wkv4[worker] == null) {
                    wkv4[worker] = new Wkv4();
                }
                int from = item * Wkv4.CHANNELS;
                wkv4[worker].run(k, v, decay, bonus, from, Math.min(Wkv4.CHANNELS, channels - from), tokens, channels,
                        first, second, third, out);
            }
            case V6 -> Wkv.head6(r, k, v, decay, item, n, tokens, channels, first, out, decays(worker));
            case V7 -> Wkv.head7(r, decay, k, v, kk, add, item, n, tokens, channels, first, out, decays(worker));
        }
    }

    private float[] decays(int worker) {
        if (decays[worker] == null || decays[worker].length < n) {
            decays[worker] = new float[n];
        }
        return decays[worker];
    }
}
