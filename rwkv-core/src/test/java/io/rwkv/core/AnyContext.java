package io.rwkv.core;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;

/** Run in a JVM of its own: reads tokens in a thread whose context class loader sees no ND4J, before any other thread does. */
public final class AnyContext {
    private AnyContext() {
    }

    /** @param args {@code none} or {@code platform}: the thread's context class loader; then an engine's name */
    public static void main(String[] args) throws InterruptedException {
        ClassLoader loader = args[0].equals("none") ? null : ClassLoader.getPlatformClassLoader();
        float[][] results = new float[2][];
        Thread thread = new Thread(() -> results[0] = read(args[1], loader));
        thread.setContextClassLoader(loader);
        thread.start();
        thread.join();
        results[1] = read(args[1], Thread.currentThread().getContextClassLoader());
        if (results[0] == null || !Arrays.equals(results[0], results[1])) {
            throw new AssertionError("results differ");
        }
        System.out.println("done");
    }

    private static float[] read(String engine, ClassLoader loader) {
        Golden golden = Golden.of(RwkvVersion.V7);
        try (RwkvModel model = golden.model(engine)) {
            RwkvState state = model.newState();
            try (INDArray all = model.forwardAll(golden.tokens(), state);
                    INDArray next = model.forward(new int[]{1}, state);
                    INDArray part = state.array(1, "att_kv")) {
                if (Thread.currentThread().getContextClassLoader() != loader) {
                    throw new AssertionError("another context class loader was left behind");
                }
                return part.add(next.sumNumber()).add(all.sumNumber()).ravel().toFloatVector();
            }
        }
    }
}
