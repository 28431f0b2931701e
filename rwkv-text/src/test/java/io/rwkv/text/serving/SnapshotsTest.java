package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.Test;

/** What happens to a snapshot between its eviction and the end of its writing. */
class SnapshotsTest {
    private static final int[] A = {1};
    private static final int[] B = {2};
    private static final int[] C = {3};
    private static final long MAX = 12_000;
    private static final long PATH = TokenTree.NODE_BYTES + Integer.BYTES;
    private final RwkvState state = state();
    private final Snapshots snapshots = new Snapshots(MAX, true);

    private static RwkvState state() {
        try (RwkvModel model = TinyModel.open()) {
            return model.newState();
        }
    }

    /** Logits that make a snapshot almost as large as this. */
    private float[] logits(long bytes) {
        float[] logits = new float[(int) (bytes - Snapshot.bytes(state, new float[0])) / Float.BYTES];
        assertTrue(bytes - Snapshot.bytes(state, logits) < Float.BYTES);
        return logits;
    }

    private boolean add(int[] tokens, float[] logits) {
        return snapshots.add(tokens, tokens.length, state, logits);
    }

    /** A is being written, and B, which evicted it, takes all but {@code left} bytes of the bound. */
    private Snapshot evictA(int left) {
        assertTrue(add(A, null));
        Snapshot a = snapshots.get(A, 1);
        assertTrue(add(B, logits(MAX - 2 * PATH - Snapshot.BYTES - left)));
        assertEquals(Snapshot.Place.WRITING, a.place);
        return a;
    }

    @Test
    void endOfAWriteShouldStayWithinTheBound() {
        Snapshot a = evictA(4);
        snapshots.written(a, "a", null);
        assertEquals(Snapshot.Place.FILE, a.place);
        assertTrue(snapshots.bytes() <= MAX, "bytes " + snapshots.bytes());
        assertEquals(Snapshot.BYTES + snapshots.get(B, 1).bytes() + 2 * PATH, snapshots.bytes());
    }

    @Test
    void logitsShouldNotBeAddedToWhatFindsNoRoom() {
        Snapshot a = evictA(50);
        snapshots.pin(snapshots.get(B, 1), true);
        assertFalse(add(A, new float[5]));
        assertFalse(a.hasLogits);
        snapshots.written(a, "a", null);
        assertEquals(Snapshot.BYTES + snapshots.get(B, 1).bytes() + 2 * PATH, snapshots.bytes());
    }

    @Test
    void writeThatWasOvertakenShouldNotCount() {
        Snapshot a = evictA(50);
        float[] logits = new float[100];
        assertTrue(add(A, logits), "back in memory; B goes");
        Snapshot b = snapshots.get(B, 1);
        snapshots.written(b, "b", b.logits);
        assertTrue(add(C, logits(MAX - 3 * PATH - 2 * Snapshot.BYTES - 50)));
        assertEquals(Snapshot.Place.WRITING, a.place);
        snapshots.written(a, "a", null); // what began before there were logits
        assertEquals(Snapshot.Place.WRITING, a.place);
        assertEquals(0, snapshots.dropped());
        snapshots.written(a, "a", logits);
        assertEquals(Snapshot.Place.FILE, a.place);
        assertTrue(a.hasLogits);
        assertEquals(2, snapshots.fileEntries());
    }
}
