package io.rwkv.simd.internal.schedule;

import io.rwkv.simd.internal.kernel.Gemm;
import io.rwkv.simd.internal.kernel.Gemv;
import io.rwkv.simd.internal.kernel.GemvInput;
import io.rwkv.simd.internal.kernel.Rounding;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.SimdActivations;
import io.rwkv.simd.internal.memory.TiledMatrix;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Several products of matrices with activations in one parallel region, some tiles of a matrix being one item. Used again and
 * again by one {@code SimdOps}.
 *
 * <p>
 * For one token, or few, an item is up to four tiles, of which some columns each are read in turn. That is four streams of
 * memory, and processors read ahead in each of them. The tiles of an item lie far apart, and each one's neighbour belongs to
 * the next item, so that a thread that does one item after the other goes on in the same four streams.
 */
public final class Products implements ThreadTeam.Task {
    /**
     * The step from column to column, always 1. Kernels with a constant step are unrolled by the compiler, which also changes
     * the order of their loads; the processor then fails to see that it should read ahead, and memory is read at half speed.
     */
    private int step = 1;

    /** Up to so many, the tiles are multiplied with one after the other as they are, and not widened for all. */
    private static final int FEW_TOKENS = 4;
    private static final int STREAMS = 4;
    /** Each thread should find so many items, lest some wait for the last one. */
    private static final int ITEMS_PER_THREAD = 3;

    private final SkippedUnits skipped;
    private final ThreadTeam team;
    private final Gemv.Workspace[] workspaces; // for each thread
    private final float[][] panels; // for each thread, made when first needed
    private final float[][] lastTiles; // for each thread: a tile's results where the output has no room for all of them
    private final List<Product> products = new ArrayList<>();
    private int count;

    public Products(ThreadTeam team, SkippedUnits skipped) {
        this.skipped = skipped;
        this.team = team;
        workspaces = new Gemv.Workspace[team.size()];
        panels = new float[team.size()][];
        lastTiles = new float[team.size()][];
    }

    private static final class Product {
        private TiledMatrix matrix;
        private SimdActivations input;
        private SimdActivations output;
        private final GemvInput[] vectors = new GemvInput[FEW_TOKENS]; // the rows of the input, if they are few
        private float[] rounded = new float[0]; // all rows of the input, if they are many and are to be rounded
        private int firstItem;
        private int items;

        private long bytes() {
            long bytes = 4L * rounded.length;
            for (GemvInput vector : vectors) {
                bytes += vector == null ? 0 : vector.bytes();
            }
            return bytes;
        }

        private boolean few() {
            return input.rows <= FEW_TOKENS;
        }

        /** Divides the tiles into items. */
        private void divide(int streams) {
            // Quantised weights are multiplied two tiles at a time, even if there is but one.
            int each = !few() ? 1 : matrix.format().hasBlocks() ? Math.ceilDiv(streams, 2) * 2 : streams;
            items = Math.ceilDiv(matrix.tiles(), each);
        }
    }

    /** Adds a product; nothing may change input or output before {@link #run} has returned. */
    public void add(TiledMatrix matrix, SimdActivations input, SimdActivations output) {
        if (count == products.size()) {
            products.add(new Product());
        }
        Product product = products.get(count);
        product.matrix = matrix;
        product.input = input;
        product.output = output;
        if (product.few()) {
            fill(product);
        } else if (matrix.format() == Format.Q4_0) {
            // Both forms of a product see the same numbers. The input stays: products with other formats may share it.
            if (product.rounded.length < input.size()) {
                product.rounded = new float[input.size()];
            }
            Rounding.round(input.values, Rounding.LIMIT_4, product.rounded, 0, input.size());
        }
        count++;
    }

    private void fill(Product product) {
        TiledMatrix matrix = product.matrix;
        SimdActivations input = product.input;
        int n = matrix.columns();
        boolean skipping = matrix.sparseInput() && input.rows == 1;
        for (int t = 0; t < input.rows; t++) {
            if (product.vectors[t] == null) {
                product.vectors[t] = new GemvInput();
            }
            int leftOut = product.vectors[t].fill(matrix.format(), input.values, t * n, n, skipping);
            if (skipping) {
                skipped.count(n, leftOut);
            }
        }
    }

    /** Computes all products added since the last time. */
    public void run() {
        try {
            int tiles = 0;
            for (int i = 0; i < count; i++) {
                tiles += products.get(i).matrix.tiles();
            }
            int streams = Math.clamp(tiles / (ITEMS_PER_THREAD * team.size()), 1, STREAMS);
            int items = 0;
            for (int i = 0; i < count; i++) {
                Product product = products.get(i);
                product.divide(streams);
                product.firstItem = items;
                items += product.items;
            }
            team.run(items, this);
        } finally {
            drop();
        }
    }

    /** Forgets what has been added since the last run. */
    public void drop() {
        count = 0;
    }

    /** Of arrays that are used again, those of the inputs and outputs apart. */
    public long bytes() {
        long bytes = 0;
        for (int i = 0; i < products.size(); i++) {
            bytes += products.get(i).bytes();
        }
        for (int worker = 0; worker < panels.length; worker++) {
            bytes += bytes(panels[worker]) + bytes(lastTiles[worker]);
        }
        return bytes;
    }

    private static long bytes(float[] array) {
        return array == null ? 0 : 4L * array.length;
    }

    /** Drops all, and frees these arrays. */
    public void clear() {
        drop();
        products.clear();
        Arrays.fill(panels, null);
        Arrays.fill(lastTiles, null);
    }

    @Override
    public void run(int item, int worker) {
        int i = count - 1;
        while (item < products.get(i).firstItem) {
            i--;
        }
        Product product = products.get(i);
        if (product.few()) {
            fewRows(product, item - product.firstItem, worker);
        } else {
            manyRows(product, item - product.firstItem, worker);
        }
    }

    private void fewRows(Product product, int item, int worker) {
        if (workspaces[worker] == null) {
            workspaces[worker] = new Gemv.Workspace(STREAMS);
        }
        Gemv.Workspace work = workspaces[worker];
        TiledMatrix matrix = product.matrix;
        int tileRows = matrix.format().rows();
        int apart = product.items;
        int tiles = Math.ceilDiv(matrix.tiles() - item, apart);
        for (int t = 0; t < product.input.rows; t++) {
            Gemv.tiles(matrix, item, apart, tiles, product.vectors[t], work, step);
            for (int i = 0; i < tiles; i++) {
                int tile = item + i * apart;
                System.arraycopy(work.sums, i * tileRows, product.output.values,
                        t * matrix.rows() + tile * tileRows, matrix.rowsOf(tile));
            }
        }
    }

    private void manyRows(Product product, int tile, int worker) {
        TiledMatrix matrix = product.matrix;
        int tileRows = matrix.format().rows();
        int rows = matrix.rowsOf(tile);
        int tokens = product.input.rows;
        float[] y = product.output.values;
        if (rows == tileRows) {
            manyRows(product, tile, worker, y, tile * tileRows, matrix.rows());
            return;
        }
        if (lastTiles[worker] == null || lastTiles[worker].length < tokens * tileRows) {
            lastTiles[worker] = new float[tokens * tileRows];
        }
        float[] part = lastTiles[worker];
        manyRows(product, tile, worker, part, 0, tileRows);
        for (int t = 0; t < tokens; t++) {
            System.arraycopy(part, t * tileRows, y, t * matrix.rows() + tile * tileRows, rows);
        }
    }

    private void manyRows(Product product, int tile, int worker, float[] y, int to, int stride) {
        if (panels[worker] == null) {
            panels[worker] = new float[Gemm.PANEL];
        }
        boolean rounds = product.matrix.format() == Format.Q4_0;
        Gemm.tile(product.matrix, tile, rounds ? product.rounded : product.input.values, product.input.rows, y, to,
                stride, panels[worker]);
    }
}
