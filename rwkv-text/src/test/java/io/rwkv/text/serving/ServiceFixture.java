package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.tokenizer.WorldTokenizer;

import java.util.concurrent.CompletionException;

/** A service of a small model, and requests for it. */
abstract class ServiceFixture {
    static final RwkvModel MODEL = TinyModel.open();
    static final WorldTokenizer TOKENIZER = TinyModel.tokenizer();
    static final TextGenerator GENERATOR = new TextGenerator(MODEL, TOKENIZER);
    static final int A = 'a' + 1;

    /** Writes so many letters a. */
    static Generation.Request letters(String prompt, int count) {
        return GENERATOR.request(prompt)
                .options(GenerationOptions.builder().maxTokens(count).sampler(() -> logits -> A).build());
    }

    static GenerationService service(Batch.Forward forward, ServiceOptions.Builder options) {
        return new GenerationService(MODEL, forward, options.build());
    }

    static ServiceOptions.Builder sequences(int most) {
        return ServiceOptions.builder().maxSequences(most);
    }

    static Throwable thrownBy(Submission submission) {
        return assertThrows(CompletionException.class, submission::join).getCause();
    }

    static void assertReads(RwkvState state, String text) {
        RwkvState expected = MODEL.newState();
        MODEL.logits(TOKENIZER.encode(text), expected);
        assertTrue(TinyModel.difference(expected, state) < 1e-3, "state has read " + text);
    }
}
