package io.rwkv.benchmarks;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;
import io.rwkv.loader.Rwkv;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An engine with a model. Reads one text, or several together. */
interface Contender extends AutoCloseable {
    /** Starts so many new texts. */
    void clear(int sequences);

    /** Starts one new text. */
    default void clear() {
        clear(1);
    }

    /** Reads tokens of the only text, all in one call, and computes the logits after the last. */
    void read(int[] tokens);

    /** Those of the last {@link #read}. */
    float[] logits();

    /** Reads one token of each text in one call, and computes the logits of all. */
    void readTogether(int[] tokens);

    /** Those of a text after the last {@link #readTogether}. */
    float[] logits(int sequence);

    @Override
    void close();

    /** One of this library's engines. */
    final class Ours implements Contender {
        private final RwkvModel model;
        private final List<float[]> logits = new ArrayList<>(); // by sequence
        private List<Step> steps;

        /** @param skipping whether weights that would be multiplied by zero are left out, if the engine can do so */
        Ours(Path file, String engine, int threads, boolean skipping) throws IOException {
            System.setProperty("rwkv.simd.skip", Boolean.toString(skipping)); // read when the engine starts
            model = Rwkv.open(file, RwkvOptions.builder().engine(engine).threads(threads).build());
            clear();
        }

        RwkvModel model() {
            return model;
        }

        @Override
        public void clear(int sequences) {
            steps = new ArrayList<>();
            for (int i = 0; i < sequences; i++) {
                if (i == logits.size()) {
                    logits.add(new float[model.config().vocabularySize()]);
                }
                RwkvState state = model.newState();
                steps.add(Step.of(new int[1], state).into(logits.get(i)));
            }
        }

        @Override
        public void read(int[] tokens) {
            model.logits(tokens, steps.get(0).state(), logits.get(0));
        }

        @Override
        public float[] logits() {
            return logits.get(0);
        }

        @Override
        public void readTogether(int[] tokens) {
            for (int i = 0; i < tokens.length; i++) {
                steps.get(i).tokens()[0] = tokens[i];
            }
            model.forward(steps);
        }

        @Override
        public float[] logits(int sequence) {
            return logits.get(sequence);
        }

        @Override
        public void close() {
            model.close();
        }
    }

    /** llama.cpp. */
    final class Llama implements Contender {
        private static final int CONTEXT_STEP = 256; // llama.cpp rounds up to it

        private final LlamaCpp.Model model;
        private final int vocabulary;

        /** @param sequences the most texts at a time */
        Llama(LlamaCpp library, Path file, int threads, int sequences, int longestPrompt, int vocabulary) {
            int context = Math.max(2048, Math.ceilDiv(longestPrompt, CONTEXT_STEP) * CONTEXT_STEP);
            this.model = library.open(file, threads, sequences, context, Math.max(longestPrompt, sequences));
            this.vocabulary = vocabulary;
        }

        @Override
        public void clear(int sequences) {
            model.clear();
        }

        @Override
        public void read(int[] tokens) {
            model.decode(tokens);
        }

        @Override
        public float[] logits() {
            return model.logits(vocabulary);
        }

        @Override
        public void readTogether(int[] tokens) {
            model.decodeTogether(tokens);
        }

        @Override
        public float[] logits(int sequence) {
            return model.logits(sequence, vocabulary);
        }

        @Override
        public void close() {
            model.close();
        }
    }
}
