package io.rwkv.core.internal.nd4j;

import org.nd4j.linalg.api.concurrency.AffinityManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.nio.FloatBuffer;

/** Copies between Java arrays and whole (not view) float32 arrays, wherever the backend keeps those. */
final class HostCopies {
    private HostCopies() {
    }

    /** Copies {@code length} values to the array's elements from number {@code first} on. */
    static void write(float[] from, int at, int length, INDArray to, int first) {
        FloatBuffer host = to.data().asNioFloat();
        host.position(first).put(from, at, length);
        // A GPU backend copies the values over before its next operation on them.
        Nd4j.getAffinityManager().tagLocation(to, AffinityManager.Location.HOST);
    }

    /** Copies {@code length} of the array's elements from number {@code first} on. */
    static void read(INDArray from, int first, float[] to, int at, int length) {
        Nd4j.getAffinityManager().ensureLocation(from, AffinityManager.Location.HOST);
        from.data().asNioFloat().position(first).get(to, at, length);
    }
}
