package io.rwkv.core;

import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;

/** Run in a JVM of its own: reads a model of 240 MB into ND4J arrays. */
public final class SmallHeap {
    private SmallHeap() {
    }

    /** @param args an engine's name, and {@code early} where the application has started JavaCPP before */
    public static void main(String[] args) {
        if (Arrays.asList(args).contains("early")) {
            System.out.println("limit " + Pointer.maxPhysicalBytes());
        }
        RwkvConfig config = ComputedModel.config(1, 1024, 60_000); // nearly all of it the head
        int[] tokens = {1, 2, 3};
        try (RwkvModel model = ComputedModel.load(config, RwkvOptions.builder().engine(args[0]).threads(1).build())) {
            float[] expected = model.logits(tokens, model.newState());
            System.out.println("logits");
            for (int i = 0; i < 3; i++) {
                RwkvState state = model.newState();
                try (INDArray logits = model.forward(tokens, state);
                        INDArray part = state.array(0, "att_aa");
                        INDArray all = model.forwardAll(tokens, state)) {
                    check(Arrays.equals(expected, logits.toFloatVector()), "forward");
                    check(Arrays.equals(new long[]{3, 60_000}, all.shape()), "forwardAll");
                    check(part.length() == 1024, "state.array");
                }
            }
        }
        System.out.println("done");
    }

    private static void check(boolean right, String what) {
        if (!right) {
            throw new AssertionError(what);
        }
    }
}
