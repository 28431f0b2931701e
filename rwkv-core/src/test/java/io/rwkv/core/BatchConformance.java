package io.rwkv.core;

import static io.rwkv.core.Close.assertClose;
import static io.rwkv.core.Close.assertRelativelyClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Several sequences in one call against each of them alone, in every version. An engine's test only has to name the engine. */
abstract class BatchConformance {
    private static final double TOLERANCE = 1e-4;
    private static final int VOCABULARY = 37;

    private final Random random = new Random(11);

    /** The engine under test. */
    abstract String engine();

    /** Whether a sequence's results have the same bits whatever stands beside it. */
    abstract boolean exact();

    private int[] tokens(int count) {
        return random.ints(count, 0, VOCABULARY).toArray();
    }

    private void check(String what, float[] expected, float[] actual) {
        if (exact()) {
            assertArrayEquals(expected, actual, what);
        } else {
            assertClose(what, expected, actual, TOLERANCE);
        }
    }

    private void checkState(String what, RwkvState expected, RwkvState actual) {
        for (int layer = 0; layer < expected.layers(); layer++) {
            for (String part : expected.parts()) {
                String name = what + ", state " + layer + "." + part;
                if (exact()) {
                    assertArrayEquals(expected.read(layer, part), actual.read(layer, part), name);
                } else {
                    assertRelativelyClose(name, expected.read(layer, part), actual.read(layer, part), TOLERANCE);
                }
            }
        }
    }

    private void checkOutput(String what, Step step, RwkvModel model, RwkvState alone, Output output) {
        Want want = step.want();
        int[] tokens = step.tokens();
        assertEquals(want, output.want());
        switch (want) {
            case NOTHING -> model.logits(tokens, alone);
            case LAST_LOGITS -> check(what, model.logits(tokens, alone), output.logits());
            case LAST_HIDDEN -> check(what, model.hidden(tokens, alone), output.hidden());
            case ALL_LOGITS, ALL_HIDDEN -> {
                boolean logits = want == Want.ALL_LOGITS;
                float[][] all = logits ? model.allLogits(tokens, alone) : model.allHidden(tokens, alone);
                float[][] found = logits ? output.allLogits() : output.allHidden();
                assertEquals(all.length, found.length);
                for (int t = 0; t < all.length; t++) {
                    check(what + ", token " + t, all[t], found[t]);
                }
            }
            case LOG_PROBABILITIES -> {
                float[][] all = model.allLogits(tokens, alone);
                float[] found = output.logProbabilities();
                assertEquals(tokens.length - (step.next().isPresent() ? 0 : 1), found.length);
                for (int t = 0; t < found.length; t++) {
                    int next = t + 1 < tokens.length ? tokens[t + 1] : step.next().getAsInt();
                    double sum = 0;
                    for (float logit : all[t]) {
                        sum += Math.exp(logit);
                    }
                    assertEquals(all[t][next] - Math.log(sum), found[t], TOLERANCE, what + ", token " + t);
                }
            }
        }
    }

    /** Random texts in random pieces, side by side. */
    @ParameterizedTest
    @EnumSource
    void eachSequenceShouldGetWhatItGetsAlone(RwkvVersion version) {
        try (RwkvModel model = Golden.of(version).model(engine())) {
            for (int round = 0; round < 6; round++) {
                int sequences = 1 + random.nextInt(round < 5 ? 7 : 70);
                List<RwkvState> together = new ArrayList<>();
                List<RwkvState> alone = new ArrayList<>();
                for (int i = 0; i < sequences; i++) {
                    together.add(model.newState());
                    alone.add(model.newState());
                }
                for (int call = 0; call < 2; call++) {
                    List<Step> steps = new ArrayList<>();
                    for (int i = 0; i < sequences; i++) {
                        boolean decodes = call == 1 || random.nextInt(3) == 0;
                        int[] tokens = tokens(decodes ? 1 : 1 + random.nextInt(round == 3 ? 300 : 40));
                        Want want = Want.values()[random.nextInt(Want.values().length)];
                        Step step = Step.of(tokens, together.get(i), want);
                        boolean followed = want == Want.LOG_PROBABILITIES && random.nextBoolean();
                        steps.add(followed ? step.followedBy(random.nextInt(VOCABULARY)) : step);
                    }
                    List<Output> outputs = model.forward(steps);
                    assertEquals(sequences, outputs.size());
                    for (int i = 0; i < sequences; i++) {
                        String what = "round " + round + ", call " + call + ", sequence " + i + " of " + sequences;
                        Step step = steps.get(i);
                        checkOutput(what + ", " + step.want(), step, model, alone.get(i), outputs.get(i));
                        checkState(what, alone.get(i), together.get(i));
                    }
                }
            }
        }
    }

    @Test
    void arraysOfTheCallersShouldBeFilled() {
        try (RwkvModel model = Golden.of(RwkvVersion.V7).model(engine())) {
            float[] logits = new float[VOCABULARY + 1];
            logits[VOCABULARY] = 5;
            float[] hidden = new float[24];
            int[] tokens = {1, 2, 3};
            List<Output> out = model.forward(List.of(Step.of(tokens, model.newState()).into(logits),
                    Step.of(tokens, model.newState(), Want.LAST_HIDDEN).into(hidden)));
            assertSame(logits, out.get(0).logits());
            assertSame(hidden, out.get(1).hidden());
            assertEquals(5, logits[VOCABULARY]);
            check("logits", model.logits(tokens, model.newState()), Arrays.copyOf(logits, VOCABULARY));
            check("hidden", model.hidden(tokens, model.newState()), hidden);
            assertThrows(IllegalStateException.class, () -> out.get(0).hidden());
        }
    }

    /** Longer than a stretch, so that the ends of stretches, of calls and of texts all differ. */
    @ParameterizedTest
    @EnumSource
    void aTextShouldBeScoredAlikeInAnyPieces(RwkvVersion version) {
        try (RwkvModel model = Golden.of(version).model(engine())) {
            int[] text = tokens(600);
            float[] expected = model
                    .forward(List.of(Step.of(text, model.newState(), Want.LOG_PROBABILITIES))).get(0)
                    .logProbabilities();
            assertEquals(text.length - 1, expected.length);
            RwkvState state = model.newState();
            float[] found = new float[text.length - 1];
            for (int from = 0; from < found.length;) {
                int to = Math.min(found.length, from + (from % 2 == 0 ? 1 + random.nextInt(300) : 1));
                float[] piece = model.forward(List.of(Step.of(Arrays.copyOfRange(text, from, to), state,
                        Want.LOG_PROBABILITIES).followedBy(text[to]))).get(0).logProbabilities();
                assertEquals(to - from, piece.length);
                System.arraycopy(piece, 0, found, from, piece.length);
                from = to;
            }
            assertClose("log-probabilities", expected, found, TOLERANCE);
            assertArrayEquals(expected, model
                    .forward(List.of(Step.of(text, model.newState(), Want.LOG_PROBABILITIES))).get(0)
                    .logProbabilities(),
                    "nothing is left of what followed");
        }
    }

    @Test
    void whatIsRefusedShouldMoveNothing() {
        try (RwkvModel model = Golden.of(RwkvVersion.V7).model(engine());
                RwkvModel other = Golden.of(RwkvVersion.V6).model(engine())) {
            RwkvState a = model.newState();
            RwkvState b = model.newState();
            model.logits(new int[]{4}, a);
            RwkvState before = a.copy();
            Step good = Step.of(new int[]{1}, a);
            refused("steps: expected at least one", () -> model.forward(List.of()));
            refused("steps[1].state: expected a state of its own, found that of steps[0]",
                    () -> model.forward(List.of(good, Step.of(new int[]{2}, a, Want.NOTHING))));
            refused("steps[1].state: expected one of this model",
                    () -> model.forward(List.of(good, Step.of(new int[]{2}, other.newState()))));
            refused("steps[1].tokens: expected at least one",
                    () -> model.forward(List.of(good, Step.of(new int[0], b))));
            refused("steps[1].tokens[2]: expected 0 to 36, found 37",
                    () -> model.forward(List.of(good, Step.of(new int[]{1, 2, 37}, b))));
            refused("steps[1].into: expected at least 37 elements, found 36",
                    () -> model.forward(List.of(good, Step.of(new int[]{1}, b).into(new float[36]))));
            refused("into: expected a step that wants LAST_LOGITS or LAST_HIDDEN, found ALL_LOGITS",
                    () -> Step.of(new int[]{1}, b, Want.ALL_LOGITS).into(new float[37]));
            for (int next : new int[]{-1, 37, Integer.MIN_VALUE}) {
                refused("steps[1].followedBy: expected 0 to 36, found " + next, () -> model.forward(
                        List.of(good, Step.of(new int[]{1}, b, Want.LOG_PROBABILITIES).followedBy(next))));
            }
            refused("followedBy: expected a step that wants LOG_PROBABILITIES, found LAST_LOGITS",
                    () -> good.followedBy(1));
            b.enter();
            IllegalStateException busy = assertThrows(IllegalStateException.class,
                    () -> model.forward(List.of(good, Step.of(new int[]{1}, b))));
            assertTrue(busy.getMessage().contains("in use"), busy.getMessage());
            b.leave();
            StateConformance.assertSameBits(before, a, "refused");
            model.forward(List.of(good, Step.of(new int[]{1}, b))); // nothing is left in use
        }
    }

    /** A vector that is refused ends the call for all. */
    @Test
    void oneSequencesFailureShouldMoveNoState() {
        try (RwkvModel model = Golden.of(RwkvVersion.V7).model(engine())) {
            RwkvState sound = model.newState();
            RwkvState damaged = model.newState();
            Arrays.fill(damaged.enter().array(0, 0), Float.NaN);
            damaged.leave();
            RwkvState before = damaged.copy();
            ArithmeticException e = assertThrows(ArithmeticException.class,
                    () -> model.forward(List.of(Step.of(new int[]{1, 2}, sound),
                            Step.of(new int[]{3}, damaged, Want.LAST_HIDDEN))));
            assertTrue(e.getMessage().startsWith("steps[1].vector after token 0"), e.getMessage());
            StateConformance.assertSameBits(model.newState(), sound, "sound");
            StateConformance.assertSameBits(before, damaged, "damaged");
        }
    }

    private static void refused(String message, Runnable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
    }
}
