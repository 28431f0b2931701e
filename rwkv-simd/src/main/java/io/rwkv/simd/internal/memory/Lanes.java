package io.rwkv.simd.internal.memory;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The width of vectors: the processor's own, at most 512 bits, or what the system property {@code rwkv.simd.bits} says (128,
 * 256 or 512, if the processor has them). All are constants, for the compiler makes vector instructions of nothing else.
 */
public final class Lanes {
    private static final int PREFERRED = Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize());
    private static final int WANTED = Integer.getInteger("rwkv.simd.bits", PREFERRED);

    /** Why the engine cannot work with vectors of the width wanted; null if it can. */
    public static final String OBSTACLE = obstacle();

    /** Bits per vector; where there is an obstacle, such that this class can be loaded to tell of it. */
    public static final int BITS = OBSTACLE == null ? WANTED : 128;

    private static final VectorShape SHAPE = VectorShape.forBitSize(BITS);

    public static final VectorSpecies<Float> FLOATS = SHAPE.withLanes(float.class);
    public static final VectorSpecies<Integer> INTS = SHAPE.withLanes(int.class);
    public static final VectorSpecies<Short> SHORTS = SHAPE.withLanes(short.class);

    /** As many shorts as there are lanes of floats. */
    public static final VectorSpecies<Short> HALF_SHORTS = VectorShape.forBitSize(FLOATS.vectorBitSize() / 2)
            .withLanes(short.class);

    /** As many bytes as there are lanes of floats, or at least eight: nothing shorter can be loaded. */
    public static final VectorSpecies<Byte> QUARTER_BYTES = VectorShape
            .forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4))
            .withLanes(byte.class);

    /** Floats per vector: 4, 8 or 16. */
    public static final int L = FLOATS.length();

    /** Rows that one pass of a kernel computes, four vectors of them. */
    public static final int PASS = 4 * L;

    private Lanes() {
    }

    private static String obstacle() {
        if (PREFERRED < 128) {
            return "needs vectors of at least 128 bits, found " + PREFERRED + " on this processor";
        }
        if (WANTED != 128 && WANTED != 256 && WANTED != 512) {
            return "rwkv.simd.bits: expected 128, 256 or 512, found " + WANTED;
        }
        // The JVM has no instructions for wider ones, only Java code.
        return WANTED > PREFERRED
                ? "rwkv.simd.bits: expected at most the processor's " + PREFERRED + ", found " + WANTED
                : null;
    }
}
