package io.rwkv.text.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.text.internal.masks.RandomVocabulary;
import io.rwkv.text.sampling.Constraint;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** One grammar for many texts at once gives each the same as a grammar of its own. */
class GrammarThreadsTest {
    private static final int TEXTS = 40;
    private static final byte[] EXAMPLE = "{\"a\": [1, 2.5, {\"é\": \"\\u00e9 漢\"}, true, null]}, [[[ \"x\"]]]"
            .getBytes(StandardCharsets.UTF_8);

    private final RandomVocabulary vocabulary = RandomVocabulary.of(new Random(6), EXAMPLE, 300, true);

    /** A text as random tokens make it, and a hash of all that was allowed on the way. */
    private long run(Grammar grammar, int seed) {
        Random random = new Random(seed);
        Constraint constraint = grammar.newConstraint(vocabulary);
        float[] logits = new float[vocabulary.vocabularySize()];
        long hash = 0;
        for (int step = 0; step < 60 && constraint.mayContinue(); step++) {
            Arrays.fill(logits, 0);
            constraint.restrict(logits);
            hash = 31 * hash + Arrays.hashCode(logits) + (constraint.mayEnd() ? 1 : 0);
            int id;
            do {
                id = random.nextInt(logits.length);
            } while (logits[id] != 0);
            constraint.accept(id);
        }
        return hash;
    }

    @Test
    void textsDoNotDisturbEachOther() throws Exception {
        List<Long> alone = new ArrayList<>();
        for (int seed = 0; seed < TEXTS; seed++) {
            alone.add(run(Grammar.gbnf(JsonGrammar.TEXT), seed));
        }
        // All remembered; and so little memory that it is emptied all the time.
        for (long memory : new long[]{GrammarMasks.MOST_BYTES, 200_000}) {
            for (int round = 0; round < 5; round++) {
                Grammar shared = Grammar.gbnf(JsonGrammar.TEXT, memory);
                ExecutorService threads = Executors.newFixedThreadPool(8);
                List<Future<Long>> together = new ArrayList<>();
                for (int seed = 0; seed < TEXTS; seed++) {
                    int mine = seed;
                    together.add(threads.submit(() -> run(shared, mine)));
                }
                for (int seed = 0; seed < TEXTS; seed++) {
                    assertEquals(alone.get(seed), together.get(seed).get(), "text " + seed);
                }
                threads.shutdown();
            }
        }
    }
}
