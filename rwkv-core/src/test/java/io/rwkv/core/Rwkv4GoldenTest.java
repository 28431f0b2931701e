package io.rwkv.core;

import static io.rwkv.core.Close.assertClose;
import static io.rwkv.core.Close.assertRelativelyClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;
import java.util.Random;

class Rwkv4GoldenTest {
    private static final double TOLERANCE = 1e-4;
    private static final Golden GOLDEN = Golden.rwkv4();
    private static final int[] TOKENS = GOLDEN.tokens();
    private static RwkvModel model;

    @BeforeAll
    static void load() {
        model = GOLDEN.model();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static void assertState(RwkvState state, String prefix) {
        for (int layer = 0; layer < state.layers(); layer++) {
            for (String part : state.parts()) {
                String name = prefix + layer + "." + part;
                assertRelativelyClose(name, GOLDEN.expected(name), state.read(layer, part), TOLERANCE);
            }
        }
    }

    @Test
    void recurrentFormShouldMatch() {
        RwkvState state = model.newState();
        for (int t = 0; t < TOKENS.length; t++) {
            if (t == TOKENS.length / 2) {
                assertState(state, "state_mid.");
            }
            assertClose("logits of token " + t, GOLDEN.expectedLogits(t), model.logits(new int[]{TOKENS[t]}, state),
                    TOLERANCE);
        }
        assertState(state, "state.");
    }

    @Test
    void parallelFormShouldMatch() {
        RwkvState state = model.newState();
        float[][] logits = model.allLogits(TOKENS, state);
        assertEquals(TOKENS.length, logits.length);
        for (int t = 0; t < TOKENS.length; t++) {
            assertClose("logits of token " + t, GOLDEN.expectedLogits(t), logits[t], TOLERANCE);
        }
        assertState(state, "state.");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 24, 31, 47})
    void anySplitShouldGiveTheSame(int at) {
        RwkvState state = model.newState();
        model.logits(Arrays.copyOf(TOKENS, at), state);
        float[][] rest = model.allLogits(Arrays.copyOfRange(TOKENS, at, TOKENS.length), state);
        for (int t = at; t < TOKENS.length; t++) {
            assertClose("logits of token " + t, GOLDEN.expectedLogits(t), rest[t - at], TOLERANCE);
        }
        assertState(state, "state.");
    }

    @Test
    void promptsOverSeveralStretchesShouldMatchTheRecurrentForm() {
        int[] tokens = new Random(5).ints(600, 0, model.config().vocabularySize()).toArray();
        RwkvState parallel = model.newState();
        float[][] all = model.allLogits(tokens, parallel);
        RwkvState recurrent = model.newState();
        for (int t = 0; t < tokens.length; t++) {
            assertClose("logits of token " + t, model.logits(new int[]{tokens[t]}, recurrent), all[t], TOLERANCE);
        }
        for (String part : recurrent.parts()) {
            // The recurrent form rounds the exponent pp, some 100 here, once per token: 600 roundings of 4e-6 each.
            assertRelativelyClose(part, recurrent.read(1, part), parallel.read(1, part), 1e-3);
        }
    }

    @Test
    void arrayFormsShouldAgreeWithTheNd4jForms() {
        float[] last = model.logits(TOKENS, model.newState());
        float[][] all = model.allLogits(TOKENS, model.newState());
        try (INDArray forward = model.forward(TOKENS, model.newState());
                INDArray forwardAll = model.forwardAll(TOKENS, model.newState())) {
            assertArrayEquals(new long[]{37}, forward.shape());
            assertArrayEquals(new long[]{TOKENS.length, 37}, forwardAll.shape());
            assertClose("forward", last, forward.toFloatVector(), 1e-5);
            float[][] rows = forwardAll.toFloatMatrix();
            for (int t = 0; t < all.length; t++) {
                assertClose("row " + t, all[t], rows[t], 1e-5);
            }
        }
    }

    @Test
    void headOfHiddenShouldBeTheLogits() {
        float[] head = GOLDEN.expected("head.weight");
        float[][] hidden = model.allHidden(TOKENS, model.newState());
        float[] last = model.hidden(TOKENS, model.newState());
        assertEquals(TOKENS.length, hidden.length);
        assertClose("last hidden", hidden[TOKENS.length - 1], last, 1e-5);
        float[] logits = new float[37];
        for (int v = 0; v < 37; v++) {
            for (int c = 0; c < 24; c++) {
                logits[v] += head[v * 24 + c] * last[c];
            }
        }
        assertClose("head · hidden", GOLDEN.expectedLogits(TOKENS.length - 1), logits, TOLERANCE);
    }
}
