package io.rwkv.text.serving;

import io.rwkv.core.RwkvState;

/**
 * What is remembered of one sequence of tokens: the state after them, and perhaps the logits. Its fields are guarded by the
 * cache's lock. The state itself belongs to the snapshot and is copied under its own monitor, since a state refuses two callers
 * at once.
 */
final class Snapshot {
    /** About what a snapshot takes beside its numbers: itself, its entries in tables, the state's objects. */
    static final int BYTES = 512;

    private static final int ARRAY_HEADER = 16;

    /** Where the numbers are. */
    enum Place {
        /** In memory, among those that may be evicted. */
        MEMORY,
        /** Evicted, and in memory only until the file is written. */
        WRITING,
        /** In a file alone. */
        FILE,
        /** Nowhere: no longer remembered. */
        GONE
    }

    final int length; // tokens
    TokenTree.Node<Snapshot> node;
    Place place = Place.MEMORY;
    RwkvState state; // null unless in memory
    float[] logits; // [vocabulary], never changed; null if there are none or unless in memory
    boolean hasLogits;
    boolean pinned;
    String file; // the name of a file that holds the same; null if there is none

    Snapshot(int length, RwkvState state, float[] logits) {
        this.length = length;
        this.state = state;
        this.logits = logits;
        this.hasLogits = logits != null;
    }

    /** What it takes now. */
    long bytes() {
        return bytes(state, logits);
    }

    static long bytes(RwkvState state, float[] logits) {
        long bytes = BYTES;
        if (state != null) {
            bytes += state.byteSize() + (long) ARRAY_HEADER * state.layers() * state.parts().size();
        }
        if (logits != null) {
            bytes += ARRAY_HEADER + (long) Float.BYTES * logits.length;
        }
        return bytes;
    }

    /** A copy of a snapshot's state, which others may be copying too. */
    static RwkvState copy(RwkvState state) {
        synchronized (state) {
            return state.copy();
        }
    }
}
