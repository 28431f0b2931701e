package io.rwkv.simd;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.MatrixUse;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.simd.internal.kernel.Elementwise;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.Lanes;
import io.rwkv.simd.internal.memory.NativeMemory;
import io.rwkv.simd.internal.memory.SimdVector;
import io.rwkv.simd.internal.memory.TilePacker;
import io.rwkv.simd.internal.memory.TiledMatrix;
import io.rwkv.simd.internal.memory.WeightMemory;
import io.rwkv.simd.internal.schedule.SkippedUnits;
import io.rwkv.simd.internal.schedule.ThreadTeam;

import java.lang.foreign.Arena;
import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/** Computes on the CPU with the Vector API. Weights lie outside the heap in tiles, each format with kernels of its own. */
final class SimdEngine implements Engine {
    private final Precision precision;
    /** {@code -Drwkv.simd.skip=false} reads the weights that would be multiplied by zero too, for comparison. */
    private final boolean skipping = !"false".equals(System.getProperty("rwkv.simd.skip"));
    private final ThreadTeam team;
    private final Arena arena = Arena.ofShared();
    private final WeightMemory memory = new WeightMemory(arena);
    private long weightBytes; // written while loading, by one thread
    private final SkippedUnits skipped = new SkippedUnits();
    private final Deque<SoftReference<SimdOps>> idle = new ArrayDeque<>(); // the last used first

    SimdEngine(EngineOptions options) {
        this(options.precision(),
                new ThreadTeam(threads(options.threads(), Runtime.getRuntime().availableProcessors())));
    }

    /** @param team closed with the engine */
    SimdEngine(Precision precision, ThreadTeam team) {
        this.precision = precision;
        this.team = team;
    }

    /** @param wanted 0 for one per processor, as far as an option may say it */
    static int threads(int wanted, int processors) {
        return wanted > 0 ? wanted : Math.min(processors, RwkvOptions.MAX_THREADS);
    }

    /** Whether the JVM lets this library use memory by address without a warning. */
    static boolean nativeAccess() {
        return SimdEngine.class.getModule().isNativeAccessEnabled();
    }

    /** Why the kernels cannot run here. Links some of them, so that a JVM that fails to do so does it before loading a model. */
    static Optional<String> obstacle() {
        if (Lanes.OBSTACLE == null) {
            NativeMemory.ALL.byteSize();
            Elementwise.addTo(new float[Lanes.L], new float[Lanes.L], 0, Lanes.L);
        }
        return Optional.ofNullable(Lanes.OBSTACLE);
    }

    @Override
    public String name() {
        return "simd";
    }

    @Override
    public Vector vector(float[] values) {
        return new SimdVector(values.clone());
    }

    @Override
    public Matrix matrix(StoredTensor weights, MatrixUse use) {
        long[] shape = weights.shape();
        int columns = Math.toIntExact(shape[1]);
        Format format = format(weights.dtype(), use, columns);
        TiledMatrix matrix = new TiledMatrix(format, Math.toIntExact(shape[0]), columns,
                skipping && use == MatrixUse.AFTER_SQUARED_RELU, memory);
        TilePacker[] packers = new TilePacker[team.size()];
        try {
            team.run(matrix.tiles(), (tile, worker) -> {
                if (packers[worker] == null) {
                    packers[worker] = new TilePacker(matrix, weights);
                }
                packers[worker].pack(tile);
            });
        } catch (ArithmeticException e) {
            if (precision == Precision.AS_STORED || format.dtype() == weights.dtype()) {
                throw e;
            }
            throw new IllegalArgumentException("precision: tensor " + weights.name() + ", " + e.getMessage(), e);
        }
        for (TilePacker packer : packers) {
            if (packer != null && !packer.finite()) {
                matrix.expectNoZeros(); // zero times infinity is not zero
            }
        }
        weightBytes += matrix.bytes();
        return matrix;
    }

    private Format format(DType stored, MatrixUse use, int columns) {
        Format wanted = precision.dtype().map(Format::of).orElseGet(() -> asStored(stored));
        boolean blocks = wanted.blockColumns() > 1;
        if (blocks && (use == MatrixUse.LOW_RANK || columns % wanted.blockColumns() != 0)) {
            // A low-rank map has few weights and a great effect.
            return stored == DType.BF16
                    ? Format.BF16
                    : stored == DType.F32 && use != MatrixUse.LOW_RANK ? Format.F32 : Format.F16;
        }
        return wanted;
    }

    /** The nearest that loses nothing, or for the finer block formats next to nothing. */
    private static Format asStored(DType stored) {
        return switch (stored) {
            case F16 -> Format.F16;
            case BF16 -> Format.BF16;
            case Q4_0 -> Format.Q4_0;
            case Q8_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K -> Format.Q8_0;
            default -> Format.F32;
        };
    }

    @Override
    public OptionalDouble skippedShare() {
        return skipped.share();
    }

    /** Where products count what they leave out. */
    SkippedUnits skippedUnits() {
        return skipped;
    }

    @Override
    public long weightBytes() {
        return weightBytes;
    }

    @Override
    public Ops ops() {
        synchronized (idle) {
            while (!idle.isEmpty()) {
                SimdOps ops = idle.pop().get();
                if (ops != null) {
                    return ops;
                }
            }
        }
        return new SimdOps(this, team);
    }

    /** Keeps scratch arrays for the next calls; more callers at once than the machine has threads are rare. */
    void giveBack(SimdOps ops) {
        synchronized (idle) {
            for (SoftReference<SimdOps> other : idle) {
                SimdOps unused = other.get();
                if (unused != null) {
                    unused.endCall();
                }
            }
            if (idle.size() < team.size()) {
                idle.push(ops.soft);
            }
        }
    }

    /** What scratch arrays wait for the next calls, in bytes. */
    long idleBytes() {
        synchronized (idle) {
            return idle.stream().map(SoftReference::get).filter(Objects::nonNull).mapToLong(SimdOps::bytes).sum();
        }
    }

    /** By any thread, such as a cleaner's: the team's threads know nothing of the engine. */
    @Override
    public void close() {
        team.close();
        synchronized (idle) {
            idle.clear();
        }
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
