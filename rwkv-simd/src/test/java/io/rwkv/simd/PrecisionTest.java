package io.rwkv.simd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.tensor.DType;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Whole models with their weights in each precision. */
@AtUsableWidth
class PrecisionTest {
    private static final Precision[] PRECISIONS = {Precision.F32, Precision.F16, Precision.BF16, Precision.Q8_0,
            Precision.Q4_0};

    private static RwkvOptions options(Precision precision) {
        return RwkvOptions.builder().engine("simd").threads(1).precision(precision).build();
    }

    private static int[] tokens(RwkvModel model, int count, long seed) {
        return new Random(seed).ints(count, 0, model.config().vocabularySize()).toArray();
    }

    private static float[][] parallel(RwkvModel model, int[] tokens) {
        return model.allLogits(tokens, model.newState());
    }

    private static float[][] recurrent(RwkvModel model, int[] tokens) {
        RwkvState state = model.newState();
        float[][] logits = new float[tokens.length][];
        for (int t = 0; t < tokens.length; t++) {
            logits[t] = model.logits(new int[]{tokens[t]}, state);
        }
        return logits;
    }

    /** The largest difference, as a share of the largest logit. */
    private static double distance(float[][] expected, float[][] found) {
        assertEquals(expected.length, found.length);
        double largest = 0;
        double worst = 0;
        for (int t = 0; t < expected.length; t++) {
            for (int i = 0; i < expected[t].length; i++) {
                largest = Math.max(largest, Math.abs(expected[t][i]));
                // NaN stays.
                worst = Math.max(worst, Math.abs((double) expected[t][i] - found[t][i]));
            }
        }
        return worst / largest;
    }

    private static void assertNear(String what, double bound, float[][] expected, float[][] found) {
        double distance = distance(expected, found);
        assertTrue(distance <= bound, what + ": expected at most " + bound + ", found " + distance);
    }

    /**
     * Between the forms of a model. They add up in another order; where activations are rounded, a last bit can become a
     * whole unit of the 127. With 8-bit weights they are rounded to twenty bits, in the recurrent form only.
     */
    private static double ofForms(Precision precision) {
        return switch (precision) {
            case Q4_0 -> 2e-2;
            case Q8_0 -> 1e-4;
            default -> 2e-5;
        };
    }

    private static void checkForms(String name, Precision precision, RwkvModel model, int[] tokens,
            int... splits) {
        String what = name + " in " + precision;
        float[][] all = parallel(model, tokens);
        assertNear(what + ", token by token", ofForms(precision), all, recurrent(model, tokens));
        for (int at : splits) {
            RwkvState state = model.newState();
            model.logits(Arrays.copyOf(tokens, at), state);
            float[][] rest = model.allLogits(Arrays.copyOfRange(tokens, at, tokens.length), state);
            assertNear(what + ", split at " + at, ofForms(precision), Arrays.copyOfRange(all, at, tokens.length), rest);
        }
    }

    @ParameterizedTest
    @EnumSource
    void formsAndSplitsShouldAgreeInAnyPrecision(RwkvVersion version) {
        for (Precision precision : PRECISIONS) {
            try (RwkvModel model = WideGolden.model(version, options(precision))) {
                checkForms("RWKV-" + version.number(), precision, model, tokens(model, 45, 5), 1, 2, 33, 44);
            }
        }
    }

    /** Of noise, which is what these models' weights are, quantising loses more than of trained weights. */
    private static double ofRounding(Precision precision) {
        return switch (precision) {
            case F16 -> 5e-3;
            case BF16 -> 4e-2;
            default -> 0.2;
        };
    }

    @ParameterizedTest
    @EnumSource
    void weightsShouldMeanWhatTheirFormatSays(RwkvVersion version) {
        try (RwkvModel exact = WideGolden.model(version, options(Precision.F32))) {
            int[] tokens = tokens(exact, 30, 6);
            float[][] expected = parallel(exact, tokens);
            for (Precision precision : new Precision[]{Precision.F16, Precision.BF16, Precision.Q8_0}) {
                try (RwkvModel model = WideGolden.model(version, options(precision));
                        RwkvModel rounded = WideGolden.model(version, options(Precision.F32), precision)) {
                    float[][] found = parallel(model, tokens);
                    assertNear(version + " in " + precision, 1e-5, parallel(rounded, tokens), found);
                    assertNear(version + " in F32 and " + precision, ofRounding(precision), expected, found);
                }
            }
        }
    }

    @Test
    @DisabledIfSystemProperty(named = "rwkv.simd.bits", matches = ".+", disabledReason = "takes long, once is enough")
    void theDemoModelShouldKeepItsLogits() throws IOException {
        double[] bounds = {0, 2e-6, 1e-6, 1e-2, 0.15};
        float[][] expected = null;
        for (int i = 0; i < PRECISIONS.length; i++) {
            try (RwkvModel model = Rwkv.open(DemoModel.checkpoint(), options(PRECISIONS[i]))) {
                int[] tokens = tokens(model, 12, 8);
                checkForms("the demo model", PRECISIONS[i], model, tokens, 9);
                float[][] found = parallel(model, tokens);
                expected = expected == null ? found : expected;
                assertNear("the demo model in " + PRECISIONS[i], bounds[i], expected, found);
            }
        }
    }

    @ParameterizedTest
    @DisabledIfSystemProperty(named = "rwkv.simd.bits", matches = ".+", disabledReason = "the same for all widths")
    @EnumSource(names = {"V4", "V6", "V7"})
    void callersAtTheSameTimeShouldGetWhatTheyGetAlone(RwkvVersion version) throws Exception {
        for (Precision precision : new Precision[]{Precision.F16, Precision.Q8_0, Precision.Q4_0}) {
            try (RwkvModel model = WideGolden.model(version, options(precision));
                    ExecutorService callers = Executors.newFixedThreadPool(2)) {
                Future<?> first = callers.submit(caller(model, 1));
                Future<?> second = callers.submit(caller(model, 2));
                first.get();
                second.get();
            }
        }
    }

    private static Callable<Void> caller(RwkvModel model, long seed) {
        int[] tokens = tokens(model, 33, seed);
        float[][] expected = parallel(model, tokens);
        float[][] expectedRecurrent = recurrent(model, tokens);
        return () -> {
            for (int round = 0; round < 10; round++) {
                assertArrayEquals(expected, parallel(model, tokens), "parallel, round " + round);
                assertArrayEquals(expectedRecurrent, recurrent(model, tokens), "recurrent, round " + round);
            }
            return null;
        };
    }

    @Test
    void weightsThatBlocksCannotHoldShouldBeTheFilesFaultOnlyIfNobodyAskedForBlocks() {
        String file = assertThrows(RwkvFormatException.class,
                () -> WideGolden.damaged(DType.Q6_K, options(Precision.AS_STORED))).getMessage();
        assertTrue(
                file.endsWith("tensor blocks.1.att.key.weight: row 1: expected weights that Q8_0 can hold, found NaN"),
                file);
        String option = assertThrows(IllegalArgumentException.class,
                () -> WideGolden.damaged(DType.F32, options(Precision.Q4_0))).getMessage();
        assertEquals("precision: tensor blocks.1.att.key.weight, row 1: expected weights that Q4_0 can hold, found NaN",
                option);
    }
}
