package io.rwkv.simd.internal.memory;

import java.util.ArrayList;
import java.util.List;

/** Activations taken and released like a stack, whose arrays are used again. For one thread. */
public final class Scratch {
    private final List<SimdActivations> places = new ArrayList<>();
    private int used;
    private long bytes; // of all places

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

    /** Frees all arrays; none may be in use. */
    public void clear() {
        // The places stay: tasks that are used again may still refer to them.
        for (SimdActivations place : places) {
            place.values = SimdActivations.NONE;
        }
        bytes = 0;
    }

    /** Uninitialised. */
    public SimdActivations take(int rows, int columns) {
        if (used == places.size()) {
            places.add(new SimdActivations());
        }
        SimdActivations place = places.get(used++);
        int size = Math.multiplyExact(rows, columns);
        if (place.values.length < size) {
            bytes += 4L * (size - place.values.length);
            place.values = new float[size];
        }
        place.rows = rows;
        place.columns = columns;
        return place;
    }
}
