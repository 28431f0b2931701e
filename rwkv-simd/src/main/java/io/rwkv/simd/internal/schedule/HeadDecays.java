package io.rwkv.simd.internal.schedule;

/** For each thread of a team room for the decays of one head of one token. */
public final class HeadDecays {
    private final float[][] decays;

    /** @param threads of the team */
    public HeadDecays(int threads) {
        decays = new float[threads][];
    }

    /** At least n numbers, of no meaning. */
    float[] of(int worker, int n) {
        if (decays[worker] == null || decays[worker].length < n) {
            decays[worker] = new float[n];
        }
        return decays[worker];
    }
}
