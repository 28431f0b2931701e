package io.rwkv.simd.internal.memory;

import java.util.ArrayList;
import java.util.List;

/**
 * Activations taken and released like a stack, whose arrays are used again. For one thread at a time.
 *
 * <p>
 * The arrays stay as large as the largest of the last calls needed them, so that calls alike allocate nothing. What a long
 * prompt needs, or logits after each of its tokens, can be a hundred times what one token needs; so all arrays are freed when
 * several calls in a row have needed far less, and the next call makes its own.
 */
public final class Scratch {
    /** So much always stays: several times what one token needs of the largest models. */
    private static final long SMALL_BYTES = 4 << 20;
    /** A call that needs less than this part of all bytes does not need them. */
    private static final int PART = 4;
    /** After so many of these calls in a row all arrays are freed; to make them anew is little work beside so many calls. */
    private static final int CALLS = 16;

    private final List<SimdActivations> places = new ArrayList<>();
    private int used;
    private long bytes; // of all places
    private long needed; // bytes of what this call has taken, each place counted once
    private int modestCalls; // in a row, up to the last one

    public int mark() {
        return used;
    }

    public void release(int mark) {
        used = mark;
    }

    /** Of all arrays, used or not. */
    public long bytes() {
        return bytes;
    }

    /**
     * Ends a call: releases everything, and frees all arrays if they have long not been needed. A call that others have made
     * elsewhere may be ended here too: it needed nothing.
     *
     * @return whether the arrays were freed
     */
    public boolean endCall() {
        used = 0;
        modestCalls = bytes > SMALL_BYTES && needed < bytes / PART ? modestCalls + 1 : 0;
        needed = 0;
        for (int i = 0; i < places.size(); i++) {
            places.get(i).needed = 0;
        }
        if (modestCalls < CALLS) {
            return false;
        }
        // The places stay: tasks that are used again may still refer to them.
        for (SimdActivations place : places) {
            place.values = SimdActivations.NONE;
        }
        bytes = 0;
        modestCalls = 0;
        return true;
    }

    /** Uninitialised. */
    public SimdActivations take(int rows, int columns) {
        if (used == places.size()) {
            places.add(new SimdActivations());
        }
        SimdActivations place = places.get(used++);
        int size = Math.multiplyExact(rows, columns);
        if (place.values.length < size) {
            int before = place.values.length;
            place.values = new float[size];
            bytes += 4L * (size - before);
        }
        if (place.needed < size) {
            needed += 4L * (size - place.needed);
            place.needed = size;
        }
        place.rows = rows;
        place.columns = columns;
        return place;
    }
}
