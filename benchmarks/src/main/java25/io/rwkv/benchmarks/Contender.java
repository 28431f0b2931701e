package io.rwkv.benchmarks;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Rwkv;

import java.io.IOException;
import java.nio.file.Path;

/** An engine with a model. */
interface Contender extends AutoCloseable {
    /** Starts a new text. */
    void clear();

    /** Reads tokens, all in one call, and computes the logits after the last. */
    void read(int[] tokens);

    /** Those of the last {@link #read}. */
    float[] logits();

    @Override
    void close();

    /** One of this library's engines. */
    final class Ours implements Contender {
        private final RwkvModel model;
        private RwkvState state;
        private float[] logits;

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
        public void clear() {
            state = model.newState();
        }

        @Override
        public void read(int[] tokens) {
            logits = model.logits(tokens, state);
        }

        @Override
        public float[] logits() {
            return logits;
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

        Llama(LlamaCpp library, Path file, int threads, int longestPrompt, int vocabulary) {
            int context = Math.max(2048, Math.ceilDiv(longestPrompt, CONTEXT_STEP) * CONTEXT_STEP);
            this.model = library.open(file, threads, context, longestPrompt);
            this.vocabulary = vocabulary;
        }

        @Override
        public void clear() {
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
        public void close() {
            model.close();
        }
    }
}
