package io.rwkv.simd.internal.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.ByteOrder;

/**
 * Memory outside the heap by its absolute address. Kernels read through {@link #ALL}: one constant segment over everything
 * lets the compiler drop all checks, and keeps one kind of segment in every kernel. So addresses must be right: they are made
 * and checked in {@link TiledMatrix} only.
 */
public final class NativeMemory {
    public static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    /** All memory there is. */
    @SuppressWarnings("restricted")
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /** What kernels may read beyond a block's end. */
    private static final int MARGIN = 64;

    private NativeMemory() {
    }

    /** Zeroed, at a cache line's start, with a little room behind it. */
    public static MemorySegment allocate(SegmentAllocator memory, long bytes) {
        return memory.allocate(bytes + MARGIN, 64);
    }
}
