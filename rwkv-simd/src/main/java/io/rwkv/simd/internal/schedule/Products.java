package io.rwkv.simd.internal.schedule;

import io.rwkv.simd.internal.kernel.Gemm;
import io.rwkv.simd.internal.kernel.Gemv;
import io.rwkv.simd.internal.kernel.GemmInput;
import io.rwkv.simd.internal.kernel.GemvInput;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.SimdActivations;
import io.rwkv.simd.internal.memory.TiledMatrix;

import java.util.ArrayList;
import java.util.List;

/**
 * Several products of matrices with activations in one parallel region, some tiles of a matrix being one item. Used again and
 * again by one {@code SimdOps}.
 *
 * <p>
 * For one row, or few, an item is up to four tiles, of which some columns each are read in turn. That is four streams of memory, and
 * processors read ahead in each of them. The tiles of an item lie far apart, and each one's neighbour belongs to the next item,
 * so that a thread that does one item after the other goes on in the same four streams. For more rows an item is one
 * tile, whose weights are read, and widened where they have to be, once for all rows.
 *
 * <p>
 * A row has the same result, to the bit, whatever other rows there are and however many: with F32, F16, BF16 and Q4_0 weights in
 * any case, with Q8_0 weights among all calls with up to four rows, and among all with more. Few rows are rounded to 20 bits there,
 * see {@link GemvInput}, since 8-bit weights then need not be widened; more rows are multiplied in float32.
 */
public final class Products implements ThreadTeam.Task {
    /**
     * The step from column to column, always 1. Kernels with a constant step are unrolled by the compiler, which also changes
     * the order of their loads; the processor then fails to see that it should read ahead, and memory is read at half speed.
     */
    private int step = 1;

    private static final int STREAMS = 4;
    /** Up to so many rows, or two of other formats than Q8_0, reading the weights again is faster than widening them. */
    private static final int MOST_ALONE = 4;
    /** Each thread should find so many items, lest some wait for the last one. */
    private static final int ITEMS_PER_THREAD = 3;

    private final SkippedUnits skipped;
    private final ThreadTeam team;
    private final Gemv.Workspace[] workspaces; // for each thread, made when first needed
    private final Gemm.Workspace[] several; // for each thread as well
    private final List<Product> products = new ArrayList<>();
    private int count;

    public Products(ThreadTeam team, SkippedUnits skipped) {
        this.skipped = skipped;
        this.team = team;
        workspaces = new Gemv.Workspace[team.size()];
        several = new Gemm.Workspace[team.size()];
    }

    private static final class Product {
        private TiledMatrix matrix;
        private SimdActivations input;
        private SimdActivations output;
        private final GemvInput[] alone = new GemvInput[MOST_ALONE]; // rows that are multiplied one by one, made when needed
        private final GemmInput together = new GemmInput(); // rows that are not
        private int firstItem;
        private int items;

        private long bytes() {
            long bytes = together.bytes();
            for (GemvInput row : alone) {
                bytes += row == null ? 0 : row.bytes();
            }
            return bytes;
        }

        /** Whether each row is multiplied on its own, with the weights as they are. */
        private boolean oneByOne() {
            return input.rows <= (matrix.format() == Format.Q8_0 ? MOST_ALONE : 2);
        }

        /** Divides the tiles into items. */
        private void divide(int streams) {
            // Quantised weights are multiplied two tiles at a time, even if there is but one.
            int each = !oneByOne() ? 1 : matrix.format().hasBlocks() ? Math.ceilDiv(streams, 2) * 2 : streams;
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
        int rows = input.rows;
        int n = matrix.columns();
        boolean skipping = matrix.sparseInput();
        if (!product.oneByOne()) {
            product.together.fill(matrix.format(), input.values, rows, n, skipping);
        } else {
            for (int t = 0; t < rows; t++) {
                if (product.alone[t] == null) {
                    product.alone[t] = new GemvInput();
                }
                int leftOut = product.alone[t].fill(matrix.format(), input.values, t * n, n, skipping);
                if (skipping && rows == 1) {
                    skipped.count(n, leftOut);
                }
            }
        }
        count++;
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

    /** Of arrays that are used again and are the larger the more rows there are, those of the inputs and outputs apart. */
    public long bytes() {
        long bytes = 0;
        for (int i = 0; i < products.size(); i++) {
            bytes += products.get(i).bytes();
        }
        return bytes;
    }

    /** Drops all, and frees these arrays. What threads have for their tiles, 0.2 MB each, stays: a batch needs it at each step. */
    public void clear() {
        drop();
        products.clear();
    }

    @Override
    public void run(int item, int worker) {
        int i = count - 1;
        while (item < products.get(i).firstItem) {
            i--;
        }
        Product product = products.get(i);
        if (product.oneByOne()) {
            rowByRow(product, item - product.firstItem, worker);
        } else {
            allRows(product, item - product.firstItem, worker);
        }
    }

    private void rowByRow(Product product, int item, int worker) {
        if (workspaces[worker] == null) {
            workspaces[worker] = new Gemv.Workspace(STREAMS);
        }
        Gemv.Workspace work = workspaces[worker];
        TiledMatrix matrix = product.matrix;
        int tileRows = matrix.format().rows();
        int apart = product.items;
        int tiles = Math.ceilDiv(matrix.tiles() - item, apart);
        for (int t = 0; t < product.input.rows; t++) {
            Gemv.tiles(matrix, item, apart, tiles, product.alone[t], work, step);
            for (int i = 0; i < tiles; i++) {
                int tile = item + i * apart;
                System.arraycopy(work.sums, i * tileRows, product.output.values,
                        t * matrix.rows() + tile * tileRows, matrix.rowsOf(tile));
            }
        }
    }

    private void allRows(Product product, int tile, int worker) {
        if (several[worker] == null) {
            several[worker] = new Gemm.Workspace();
        }
        Gemm.tile(product.matrix, tile, product.together, product.output.values, several[worker], step);
    }
}
