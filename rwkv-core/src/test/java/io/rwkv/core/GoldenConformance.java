package io.rwkv.core;

import static io.rwkv.core.Close.assertClose;
import static io.rwkv.core.Close.assertRelativelyClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.internal.tensor.ForwardingTensor;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * Every version against the golden files, which hold decays from none to e^-150 per token. An engine's test only has to name
 * the engine.
 */
abstract class GoldenConformance {
    private static final double TOLERANCE = 1e-4;

    /** The engine under test. */
    abstract String engine();

    private static void assertState(Golden golden, RwkvState state, String prefix) {
        for (int layer = 0; layer < state.layers(); layer++) {
            for (String part : state.parts()) {
                String name = prefix + layer + "." + part;
                assertRelativelyClose(name, golden.expected(name), state.read(layer, part), TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void recurrentFormShouldMatch(RwkvVersion version) {
        Golden golden = Golden.of(version);
        int[] tokens = golden.tokens();
        try (RwkvModel model = golden.model(engine())) {
            RwkvState state = model.newState();
            for (int t = 0; t < tokens.length; t++) {
                if (t == tokens.length / 2) {
                    assertState(golden, state, "state_mid.");
                }
                assertClose("logits of token " + t, golden.expectedLogits(t),
                        model.logits(new int[]{tokens[t]}, state), TOLERANCE);
            }
            assertState(golden, state, "state.");
        }
    }

    @ParameterizedTest
    @EnumSource
    void parallelFormShouldMatch(RwkvVersion version) {
        Golden golden = Golden.of(version);
        int[] tokens = golden.tokens();
        try (RwkvModel model = golden.model(engine())) {
            RwkvState state = model.newState();
            float[][] logits = model.allLogits(tokens, state);
            assertEquals(tokens.length, logits.length);
            for (int t = 0; t < tokens.length; t++) {
                assertClose("logits of token " + t, golden.expectedLogits(t), logits[t], TOLERANCE);
            }
            assertState(golden, state, "state.");
        }
    }

    @ParameterizedTest
    @EnumSource
    void anySplitShouldGiveTheSame(RwkvVersion version) {
        Golden golden = Golden.of(version);
        int[] tokens = golden.tokens();
        try (RwkvModel model = golden.model(engine())) {
            for (int at : new int[]{1, 2, 3, 31, 32, 33, 74}) {
                RwkvState state = model.newState();
                model.logits(Arrays.copyOf(tokens, at), state);
                float[][] rest = model.allLogits(Arrays.copyOfRange(tokens, at, tokens.length), state);
                for (int t = at; t < tokens.length; t++) {
                    assertClose("split at " + at + ", logits of token " + t, golden.expectedLogits(t), rest[t - at],
                            TOLERANCE);
                }
                assertState(golden, state, "state.");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void promptsOverSeveralStretchesShouldMatchTheRecurrentForm(RwkvVersion version) {
        Golden golden = Golden.of(version);
        try (RwkvModel model = golden.model(engine())) {
            int[] tokens = new Random(5).ints(600, 0, model.config().vocabularySize()).toArray();
            RwkvState parallel = model.newState();
            float[][] all = model.allLogits(tokens, parallel);
            RwkvState recurrent = model.newState();
            for (int t = 0; t < tokens.length; t++) {
                assertClose("logits of token " + t, model.logits(new int[]{tokens[t]}, recurrent), all[t], TOLERANCE);
            }
            for (String part : recurrent.parts()) {
                // RWKV-4's recurrent form rounds the exponent pp, some 100 here, once per token: 600 roundings of 4e-6.
                assertRelativelyClose(part, recurrent.read(1, part), parallel.read(1, part),
                        version == RwkvVersion.V4 ? 1e-3 : TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void veryLongPromptsShouldStayFinite(RwkvVersion version) {
        Golden golden = Golden.of(version);
        try (RwkvModel model = golden.model(engine())) {
            int[] tokens = new Random(6).ints(20_000, 0, model.config().vocabularySize()).toArray();
            RwkvState state = model.newState();
            float[] atOnce = model.logits(tokens, state);
            for (float logit : atOnce) {
                assertTrue(Float.isFinite(logit), "logit " + logit);
            }
            RwkvState inPieces = model.newState();
            float[] last = null;
            for (int from = 0; from < tokens.length; from += 777) {
                last = model.logits(Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + 777)), inPieces);
            }
            assertClose("logits in pieces", atOnce, last, TOLERANCE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void arrayFormsShouldAgreeWithTheNd4jForms(RwkvVersion version) {
        Golden golden = Golden.of(version);
        int[] tokens = golden.tokens();
        try (RwkvModel model = golden.model(engine());
                INDArray forward = model.forward(tokens, model.newState());
                INDArray forwardAll = model.forwardAll(tokens, model.newState())) {
            float[] last = model.logits(tokens, model.newState());
            float[][] all = model.allLogits(tokens, model.newState());
            assertArrayEquals(new long[]{37}, forward.shape());
            assertArrayEquals(new long[]{tokens.length, 37}, forwardAll.shape());
            assertClose("forward", last, forward.toFloatVector(), 1e-5);
            float[][] rows = forwardAll.toFloatMatrix();
            for (int t = 0; t < all.length; t++) {
                assertClose("row " + t, all[t], rows[t], 1e-5);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void headOfHiddenShouldBeTheLogits(RwkvVersion version) {
        Golden golden = Golden.of(version);
        int[] tokens = golden.tokens();
        try (RwkvModel model = golden.model(engine())) {
            float[] head = golden.expected("head.weight");
            float[][] hidden = model.allHidden(tokens, model.newState());
            float[] last = model.hidden(tokens, model.newState());
            assertEquals(tokens.length, hidden.length);
            assertClose("last hidden", hidden[tokens.length - 1], last, 1e-5);
            float[] logits = new float[37];
            for (int v = 0; v < 37; v++) {
                for (int c = 0; c < 24; c++) {
                    logits[v] += head[v * 24 + c] * last[c];
                }
            }
            assertClose("head · hidden", golden.expectedLogits(tokens.length - 1), logits, TOLERANCE);
        }
    }

    /** With NaN as one element: in tables of rows by token one of the token's row, else any. */
    private static TensorFile withNan(Golden golden, String name, int token) {
        TensorFile weights = golden.weights();
        StoredTensor whole = weights.tensor(name);
        boolean table = name.equals("emb.weight") || name.endsWith("s_emb.weight");
        long place = table ? token * whole.length(1) + 1 : Math.min(5, whole.elementCount() - 1);
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        weights.names().forEach(n -> tensors.put(n, weights.tensor(n)));
        tensors.put(name, new ForwardingTensor(whole) {
            @Override
            public void read(long first, float[] to, int at, int count) {
                super.read(first, to, at, count);
                if (place >= first && place < first + count) {
                    to[at + (int) (place - first)] = Float.NaN;
                }
            }
        });
        return new TensorFile(weights.path(), "damaged", tensors, Map.of());
    }

    private static boolean anyNan(float[] values) {
        for (float value : values) {
            if (Float.isNaN(value)) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @EnumSource
    void aWeightThatIsNoNumberShouldNeverBecomeOne(RwkvVersion version) {
        Golden golden = Golden.of(version);
        int[] tokens = Arrays.copyOf(golden.tokens(), 5);
        RwkvOptions options = RwkvOptions.builder().engine(engine()).build();
        for (String name : golden.weights().names()) {
            if (name.matches("blocks\\.0\\.att\\.v[012]")) {
                continue; // which nothing reads
            }
            try (RwkvModel model = RwkvModel.load(withNan(golden, name, tokens[4]), golden.config(), options)) {
                assertTrue(anyNan(model.allLogits(tokens, model.newState())[4]), name + ", all tokens at once");
                RwkvState state = model.newState();
                float[] last = null;
                for (int token : tokens) {
                    last = model.logits(new int[]{token}, state);
                }
                assertTrue(anyNan(last), name + ", one token at a time");
            }
        }
    }
}
