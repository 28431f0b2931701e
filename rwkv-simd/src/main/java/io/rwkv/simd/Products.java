package io.rwkv.simd;

import static io.rwkv.simd.TiledMatrix.TILE;

import java.util.Arrays;

/**
 * Several products of matrices with activations in one parallel region, a tile of a matrix being one item. Used again and
 * again by one {@link SimdOps}.
 */
final class Products implements ThreadTeam.Task {
    /**
     * The step from column to column, always 1. Kernels with a constant step are unrolled by the compiler, which also changes
     * the order of their loads; the processor then fails to see that it should read ahead, and memory is read at half speed.
     */
    private int step = 1;

    /** Up to so many, the tile is multiplied with one after the other as it is, and not widened for all. */
    private static final int FEW_TOKENS = 6;
    /** With more than these shares to read, reading all in one stream is as fast: of single columns, and in blocks. */
    private static final double WORTH_SKIPPING = 0.5;
    private static final double WORTH_SKIPPING_IN_BLOCKS = 0.25;

    private final SimdEngine engine;
    private final ThreadTeam team;
    private final float[][] panels; // for each thread, made when first needed
    private final float[][] lastTiles; // for each thread: a tile's results where the output has no room for all of them
    private TiledMatrix[] matrices = new TiledMatrix[8];
    private SimdActivations[] inputs = new SimdActivations[8];
    private SimdActivations[] outputs = new SimdActivations[8];
    private RoundedVector[] rounded = new RoundedVector[8]; // of one-row inputs to 4-bit matrices
    private float[][] roundedRows = new float[8][]; // of the other inputs to 4-bit matrices
    private Nonzeros[] nonzeros = new Nonzeros[8]; // of inputs that are mostly zero
    private boolean[] skip = new boolean[8];
    private int[] firstTile = new int[9];
    private int count;

    Products(SimdEngine engine, ThreadTeam team) {
        this.engine = engine;
        this.team = team;
        panels = new float[team.size()][];
        lastTiles = new float[team.size()][];
    }

    /** Adds a product; nothing may change input or output before {@link #run} has returned. */
    void add(TiledMatrix matrix, SimdActivations input, SimdActivations output) {
        if (count == matrices.length) {
            matrices = Arrays.copyOf(matrices, 2 * count);
            inputs = Arrays.copyOf(inputs, 2 * count);
            outputs = Arrays.copyOf(outputs, 2 * count);
            rounded = Arrays.copyOf(rounded, 2 * count);
            roundedRows = Arrays.copyOf(roundedRows, 2 * count);
            nonzeros = Arrays.copyOf(nonzeros, 2 * count);
            skip = Arrays.copyOf(skip, 2 * count);
            firstTile = Arrays.copyOf(firstTile, 2 * count + 1);
        }
        matrices[count] = matrix;
        inputs[count] = input;
        outputs[count] = output;
        if (matrix.format() == Format.Q4_0) {
            round(count);
        }
        skip[count] = matrix.sparseInput() && input.rows == 1 && mostlyZero(count);
        firstTile[count + 1] = firstTile[count] + matrix.tiles();
        count++;
    }

    /** Both forms of a product see the same, rounded input. The input stays: products with other formats may share it. */
    private void round(int i) {
        SimdActivations input = inputs[i];
        if (input.rows > 1) {
            if (roundedRows[i] == null || roundedRows[i].length < input.size()) {
                roundedRows[i] = new float[input.size()];
            }
            RoundedVector.round(input.values, roundedRows[i], input.size());
            return;
        }
        if (rounded[i] == null) {
            rounded[i] = new RoundedVector();
        }
        rounded[i].round(input.values, 0, input.columns);
    }

    private boolean mostlyZero(int i) {
        if (nonzeros[i] == null) {
            nonzeros[i] = new Nonzeros();
        }
        Format format = matrices[i].format();
        int step = format == Format.Q4_0 ? 4 : 1;
        int n = matrices[i].columns();
        nonzeros[i].find(inputs[i].values, n, step, BlockGemv.BLOCK);
        boolean few = nonzeros[i].count * step < n
                * (format.blockColumns() > 1 ? WORTH_SKIPPING_IN_BLOCKS : WORTH_SKIPPING);
        engine.countSkipped(n, few ? n - nonzeros[i].count * step : 0);
        return few;
    }

    /** Computes all products added since the last time. */
    void run() {
        try {
            team.run(firstTile[count], this);
        } finally {
            count = 0;
        }
    }

    @Override
    public void run(int item, int worker) {
        int i = 0;
        while (item >= firstTile[i + 1]) {
            i++;
        }
        int tile = item - firstTile[i];
        if (inputs[i].rows == 1) {
            oneRow(i, tile, worker);
        } else {
            manyRows(i, tile, worker);
        }
    }

    private void oneRow(int i, int tile, int worker) {
        TiledMatrix matrix = matrices[i];
        int rows = matrix.rowsOf(tile);
        float[] x = inputs[i].values;
        float[] y = rows == TILE ? outputs[i].values : lastTile(worker, 1);
        int to = rows == TILE ? tile * TILE : 0;
        long address = matrix.address(tile);
        if (skip[i]) {
            sparse(matrix, address, x, rounded[i], nonzeros[i], y, to);
        } else {
            dense(matrix, address, x, 0, rounded[i], y, to, step);
        }
        if (rows < TILE) {
            System.arraycopy(y, 0, outputs[i].values, tile * TILE, rows);
        }
    }

    /** One tile times one vector, given rounded too for 4-bit weights. */
    static void dense(TiledMatrix matrix, long address, float[] x, int at, RoundedVector rounded, float[] y, int to,
            int step) {
        int n = matrix.columns();
        switch (matrix.format()) {
            case F32 -> PlainGemv.f32(address, x, at, n, y, to, step);
            case F16 -> PlainGemv.f16(address, x, at, n, y, to, step);
            case BF16 -> PlainGemv.bf16(address, x, at, n, y, to, step);
            case Q8_0 -> BlockGemv.q8(address, x, at, n, y, to, step);
            case Q4_0 -> BlockGemv.q4(address, rounded, n, y, to, step);
        }
    }

    /** As {@link #dense}, for a vector that is mostly zero. */
    static void sparse(TiledMatrix matrix, long address, float[] x, RoundedVector rounded, Nonzeros nonzeros, float[] y,
            int to) {
        int n = matrix.columns();
        switch (matrix.format()) {
            case F32 -> SparseGemv.f32(address, x, nonzeros, y, to);
            case F16 -> SparseGemv.f16(address, x, nonzeros, y, to);
            case BF16 -> SparseGemv.bf16(address, x, nonzeros, y, to);
            case Q8_0 -> SparseGemv.q8(address, x, n, nonzeros, y, to);
            case Q4_0 -> SparseGemv.q4(address, rounded, n, nonzeros, y, to);
        }
    }

    private void manyRows(int i, int tile, int worker) {
        TiledMatrix matrix = matrices[i];
        int rows = matrix.rowsOf(tile);
        int tokens = inputs[i].rows;
        if (rows == TILE) {
            manyRows(i, tile, worker, outputs[i].values, tile * TILE, matrix.rows());
            return;
        }
        float[] part = lastTile(worker, tokens);
        manyRows(i, tile, worker, part, 0, TILE);
        for (int t = 0; t < tokens; t++) {
            System.arraycopy(part, t * TILE, outputs[i].values, t * matrix.rows() + tile * TILE, rows);
        }
    }

    private void manyRows(int i, int tile, int worker, float[] y, int to, int stride) {
        TiledMatrix matrix = matrices[i];
        int tokens = inputs[i].rows;
        boolean rounds = matrix.format() == Format.Q4_0;
        if (tokens <= FEW_TOKENS && !rounds) {
            // The tile comes from memory once; kernels that single tokens need too are compiled sooner.
            for (int t = 0; t < tokens; t++) {
                dense(matrix, matrix.address(tile), inputs[i].values, t * matrix.columns(), null, y, to + t * stride,
                        step);
            }
            return;
        }
        if (panels[worker] == null) {
            panels[worker] = new float[TILE * Gemm.PANEL];
        }
        Gemm.tile(matrix, tile, rounds ? roundedRows[i] : inputs[i].values, tokens, y, to, stride, panels[worker]);
    }

    private float[] lastTile(int worker, int tokens) {
        if (lastTiles[worker] == null || lastTiles[worker].length < tokens * TILE) {
            lastTiles[worker] = new float[tokens * TILE];
        }
        return lastTiles[worker];
    }
}
