package io.rwkv.simd;

import java.util.ArrayList;
import java.util.List;

/** Activations taken and released like a stack, whose arrays are used again. For one thread. */
final class Scratch {
    private final List<SimdActivations> places = new ArrayList<>();
    private int used;

    int mark() {
        return used;
    }

    void release(int mark) {
        used = mark;
    }

    /** Uninitialised. */
    SimdActivations take(int rows, int columns) {
        if (used == places.size()) {
            places.add(new SimdActivations());
        }
        SimdActivations place = places.get(used++);
        int size = Math.multiplyExact(rows, columns);
        if (place.values.length < size) {
            place.values = new float[size];
        }
        place.rows = rows;
        place.columns = columns;
        return place;
    }
}
