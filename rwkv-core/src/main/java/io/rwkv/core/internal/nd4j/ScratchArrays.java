package io.rwkv.core.internal.nd4j;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * A stack of arrays that are used again. Allocating costs ND4J more than most operations do, the more so for large arrays,
 * whose fresh pages the system has to clear. For one thread.
 */
final class ScratchArrays {
    /**
     * So much may wait for the next call: several times what one token needs of the largest models. What a prompt needs, or
     * logits after each of its tokens, can be a hundred times as much, and is made anew in no time beside its products.
     */
    static final long KEPT_BYTES = 16 << 20;

    private final List<Nd4jActivations> live = new ArrayList<>();
    private final Map<Long, Deque<Nd4jActivations>> free = new HashMap<>();
    private final Map<Long, Deque<Nd4jActivations>> stale = new HashMap<>();

    /** An array with undefined contents. */
    Nd4jActivations take(int rows, int columns) {
        long shape = (long) rows << 32 | columns;
        Nd4jActivations array = poll(free, shape);
        if (array == null) {
            array = poll(stale, shape);
        }
        if (array == null) {
            array = new Nd4jActivations(FreshArrays.create(rows, columns));
        }
        live.add(array);
        return array;
    }

    private static Nd4jActivations poll(Map<Long, Deque<Nd4jActivations>> from, long shape) {
        Deque<Nd4jActivations> same = from.get(shape);
        return same == null ? null : same.poll();
    }

    int mark() {
        return live.size();
    }

    void release(int mark) {
        for (int i = live.size() - 1; i >= mark; i--) {
            Nd4jActivations array = live.remove(i);
            free.computeIfAbsent((long) array.rows() << 32 | array.columns(), k -> new ArrayDeque<>()).push(array);
        }
    }

    /**
     * Ends a call: what it did not use is freed, so that memory follows the shapes now in use, and if it used more than may
     * wait for the next call, that too.
     */
    void endCall() {
        release(0);
        closeAll(stale);
        for (Iterator<Map.Entry<Long, Deque<Nd4jActivations>>> i = free.entrySet().iterator(); i.hasNext();) {
            Map.Entry<Long, Deque<Nd4jActivations>> entry = i.next();
            stale.put(entry.getKey(), entry.getValue());
            i.remove();
        }
        if (bytes(stale) > KEPT_BYTES) {
            closeAll(stale);
        }
    }

    private static long bytes(Map<Long, Deque<Nd4jActivations>> arrays) {
        long elements = 0;
        for (Deque<Nd4jActivations> same : arrays.values()) {
            elements += same.isEmpty() ? 0 : (long) same.size() * same.peek().rows() * same.peek().columns();
        }
        return 4 * elements;
    }

    void close() {
        release(0);
        closeAll(free);
        closeAll(stale);
    }

    private static void closeAll(Map<Long, Deque<Nd4jActivations>> arrays) {
        arrays.values().forEach(same -> same.forEach(a -> a.array.close()));
        arrays.clear();
    }
}
