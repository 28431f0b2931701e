package io.rwkv.core;

import java.util.Arrays;

/** Run in a JVM of its own: reads tokens, and is refused ND4J arrays before anything is computed for them. */
public final class WithoutNd4j {
    private WithoutNd4j() {
    }

    /** @param args words that the refusals must have */
    public static void main(String[] args) {
        RwkvConfig config = ComputedModel.config(2, 64, 100);
        int[] tokens = {1, 2, 3};
        try (RwkvModel model = ComputedModel.load(config, RwkvOptions.defaults())) {
            System.out.println("engine " + model.engineName());
            RwkvState state = model.newState();
            float[] expected = model.logits(tokens, state);
            RwkvState before = state.copy();
            refused(() -> model.forward(tokens, state), args);
            refused(() -> model.forwardAll(tokens, state), args);
            refused(() -> state.array(0, "att_aa"), args);
            for (String part : state.parts()) {
                check(Arrays.equals(before.read(1, part), state.read(1, part)), part + " has changed");
            }
            check(Arrays.equals(expected, model.logits(tokens, model.newState())), "logits");
            check(model.allLogits(tokens, state).length == 3, "all logits");
            check(model.hidden(tokens, state).length == 64, "hidden");
        }
        System.out.println("done");
    }

    private static void refused(Runnable call, String... words) {
        try {
            call.run();
        } catch (IllegalStateException e) {
            for (String word : words) {
                check(e.getMessage().contains(word), e.getMessage());
            }
            System.out.println(e.getMessage());
            return;
        }
        throw new AssertionError("not refused");
    }

    private static void check(boolean right, String what) {
        if (!right) {
            throw new AssertionError(what);
        }
    }
}
