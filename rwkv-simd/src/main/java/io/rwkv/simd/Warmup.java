package io.rwkv.simd;

import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.StatePart;

import java.lang.foreign.Arena;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs kernels on next to nothing while a model is being loaded, so that they are compiled when it is used. Vector code that
 * is not compiled yet is some thousand times slower, and the JVM decides by the number of calls: many short calls make it
 * decide in a tenth of a second, the few long ones of a model's first token in more than one.
 */
final class Warmup {
    /** More than the calls after which HotSpot compiles a method with its best compiler. */
    private static final int CALLS = 1500;
    private static final int COLUMNS = BlockGemv.BLOCK;
    private static final int HEAD = 64;
    private static final int TOKENS = 5; // some at once, and one left over

    private static final Set<Format> STARTED = ConcurrentHashMap.newKeySet();

    private Warmup() {
    }

    /** Starts a thread for the kernels of a format, the first time that the format is used in this JVM. */
    static void start(Format format) {
        boolean first = STARTED.isEmpty();
        if (STARTED.add(format)) {
            Thread thread = new Thread(() -> {
                products(format);
                if (first) {
                    rest();
                }
            }, "rwkv-simd-warmup");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static void products(Format format) {
        float[] x = new float[TOKENS * COLUMNS];
        float[] y = new float[TOKENS * TiledMatrix.TILE];
        float[] panel = new float[TiledMatrix.TILE * COLUMNS];
        x[1] = 1;
        RoundedVector rounded = new RoundedVector();
        Nonzeros nonzeros = new Nonzeros();
        try (Arena arena = Arena.ofShared()) {
            TiledMatrix matrix = new TiledMatrix(format, TiledMatrix.TILE, COLUMNS, false, arena);
            for (int i = 0; i < CALLS; i++) {
                rounded.round(x, 0, COLUMNS);
                Products.dense(matrix, matrix.address(0), x, rounded, y, 0, 1 + i / CALLS);
            }
            nonzeros.find(x, COLUMNS, format == Format.Q4_0 ? 4 : 1, BlockGemv.BLOCK);
            for (int i = 0; i < CALLS; i++) {
                Gemm.tile(matrix, 0, x, TOKENS, y, 0, TiledMatrix.TILE, panel);
                Products.sparse(matrix, matrix.address(0), x, rounded, nonzeros, y, 0);
            }
        }
    }

    private static void rest() {
        float[] x = new float[HEAD];
        float[] out = new float[HEAD];
        float[] state = new float[HEAD * HEAD];
        StatePart part = new StatePart(state, state);
        for (int i = 0; i < CALLS; i++) {
            for (Nonlinearity f : Nonlinearity.values()) {
                VectorMath.apply(f, x, out, 0, HEAD);
            }
            Reductions.normalise(x, 0, HEAD, 1, x, x, 0, out);
            Elementwise.mixRow(x, x, x, out, 0, HEAD);
            Elementwise.multiply(x, x, out, 0, HEAD);
            Elementwise.addTo(out, x, 0, HEAD);
            Elementwise.subtract(x, x, out, 0, HEAD);
            if (i % 50 == 0) {
                Wkv.head7(x, x, x, x, x, x, 0, HEAD, 1, HEAD, part, out, x);
                Wkv.head6(x, x, x, x, 0, HEAD, 1, HEAD, part, out, x);
            }
        }
    }
}
