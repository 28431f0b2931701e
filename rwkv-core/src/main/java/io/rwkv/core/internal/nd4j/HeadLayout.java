package io.rwkv.core.internal.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * T tokens in chunks of L, and each chunk in heads: [chunks · heads, L, N], where matrix products of all heads of all chunks
 * are one call. The last chunk is filled up with zeros, which stand for tokens that change nothing.
 */
final class HeadLayout {
    private final ScratchArrays scratch;
    final int tokens;
    final int heads;
    final int headSize;
    final int chunkLength;
    final int chunks;

    HeadLayout(ScratchArrays scratch, int tokens, int heads, int headSize, int longestChunk) {
        this.scratch = scratch;
        this.tokens = tokens;
        this.heads = heads;
        this.headSize = headSize;
        int length = 1; // a power of two, and no longer than needed
        while (length < tokens && length < longestChunk) {
            length *= 2;
        }
        this.chunkLength = length;
        this.chunks = (tokens + length - 1) / length;
    }

    /** Uninitialised, [chunks · heads, rows, columns]. */
    INDArray take(int rows, int columns) {
        int stack = chunks * heads;
        return scratch.take(stack * rows, columns).array.reshape(stack, rows, columns);
    }

    /** From [T, C] to [chunks · heads, L, N]. */
    INDArray split(INDArray x) {
        int padded = chunks * chunkLength;
        int channels = heads * headSize;
        INDArray out = take(chunkLength, headSize);
        int mark = scratch.mark();
        if (padded > tokens) {
            INDArray filled = scratch.take(padded, channels).array;
            filled.get(NDArrayIndex.interval(tokens, padded), NDArrayIndex.all()).assign(0);
            filled.get(NDArrayIndex.interval(0, tokens), NDArrayIndex.all()).assign(x);
            x = filled;
        }
        out.reshape(chunks, heads, chunkLength, headSize)
                .assign(x.reshape(chunks, chunkLength, heads, headSize).permute(0, 2, 1, 3));
        scratch.release(mark);
        return out;
    }

    /** From [chunks · heads, L, N] to [T, C]. */
    void join(INDArray x, INDArray out) {
        int padded = chunks * chunkLength;
        int channels = heads * headSize;
        int mark = scratch.mark();
        INDArray all = padded > tokens ? scratch.take(padded, channels).array : out;
        all.reshape(chunks, chunkLength, heads, headSize)
                .assign(x.reshape(chunks, heads, chunkLength, headSize).permute(0, 2, 1, 3));
        if (padded > tokens) {
            out.assign(all.get(NDArrayIndex.interval(0, tokens), NDArrayIndex.all()));
        }
        scratch.release(mark);
    }

    /**
     * Running sums within each chunk.
     *
     * @param x [chunks · heads, L, N]; becomes the sums up to each token
     * @param before becomes the sums up to the token before
     */
    void runningSums(INDArray x, INDArray before) {
        // Hillis and Steele's scan. ND4J's CumSum leaks some 24 kB of native memory at each call.
        int mark = scratch.mark();
        INDArray earlier = take(chunkLength, headSize);
        for (int d = 1; d < chunkLength; d *= 2) {
            INDArray terms = rows(earlier, 0, chunkLength - d).assign(rows(x, 0, chunkLength - d));
            rows(x, d, chunkLength).addi(terms);
        }
        scratch.release(mark);
        rows(before, 0, 1).assign(0);
        if (chunkLength > 1) {
            // Copied, not sum − term: the difference of neighbours' exponents is then 0 and not a rounding error.
            rows(before, 1, chunkLength).assign(rows(x, 0, chunkLength - 1));
        }
    }

    /** The heads of one chunk: [heads, rows, columns] of [chunks · heads, rows, columns], the same memory. */
    INDArray chunk(INDArray x, int chunk) {
        return x.get(NDArrayIndex.interval((long) chunk * heads, (long) (chunk + 1) * heads), NDArrayIndex.all(),
                NDArrayIndex.all());
    }

    /** Some rows of every matrix of a stack, the same memory. */
    static INDArray rows(INDArray x, int from, int to) {
        return x.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to), NDArrayIndex.all());
    }
}
