package io.rwkv.simd.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Zeroed memory that lasts as long as an arena. What an arena allocates itself comes from the C library, which keeps much of
 * it when it is freed, and the JVM writes it full of zeros with one thread. So all but the first comes from the operating
 * system, which takes it back at once, and makes zeros when a page is first written, by whichever thread. For one thread at
 * a time.
 */
public final class WeightMemory implements SegmentAllocator {
    /** The C library may keep so much. Below it, linking the system's functions takes longer than zeros do. */
    private static final long FROM_LIBRARY = 64L << 20;

    private final Arena arena;
    private long given;

    /** @param arena shared, if other threads are to read */
    public WeightMemory(Arena arena) {
        this.arena = arena;
    }

    @Override
    public MemorySegment allocate(long bytes, long alignment) {
        given += bytes;
        return given <= FROM_LIBRARY || Pages.MAP == null
                ? arena.allocate(bytes, alignment)
                : Pages.map(bytes, arena);
    }

    /** POSIX's mmap and munmap, where their constants are known. Windows' C library gives large blocks back by itself. */
    @SuppressWarnings("restricted")
    private static final class Pages {
        private static final int READ_AND_WRITE = 0x1 | 0x2;
        private static final int PRIVATE = 0x2;
        private static final int FAILED = -1;
        private static final String SYSTEM = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        private static final int ANONYMOUS = SYSTEM.startsWith("linux") ? 0x20 : SYSTEM.startsWith("mac") ? 0x1000 : 0;

        /** Null where there is none. */
        static final MethodHandle MAP = link("mmap",
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        private static final MethodHandle UNMAP = link("munmap",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

        private Pages() {
        }

        private static MethodHandle link(String function, FunctionDescriptor type) {
            if (ANONYMOUS == 0) {
                return null;
            }
            try {
                Linker linker = Linker.nativeLinker();
                return linker.defaultLookup().find(function).map(f -> linker.downcallHandle(f, type)).orElse(null);
            } catch (UnsupportedOperationException e) {
                return null; // a JVM without one
            }
        }

        static MemorySegment map(long bytes, Arena arena) {
            try {
                long address = (long) MAP.invokeExact(0L, bytes, READ_AND_WRITE, PRIVATE | ANONYMOUS, -1, 0L);
                if (address == FAILED) {
                    throw new OutOfMemoryError("the system refused " + bytes + " bytes of memory for weights");
                }
                return MemorySegment.ofAddress(address).reinterpret(bytes, arena, Pages::unmap);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e); // the system's functions throw nothing
            }
        }

        private static void unmap(MemorySegment memory) {
            try {
                int refused = (int) UNMAP.invokeExact(memory.address(), memory.byteSize());
                if (refused != 0) {
                    throw new IllegalStateException("memory of weights could not be given back");
                }
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
