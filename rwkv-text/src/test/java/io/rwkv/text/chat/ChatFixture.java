package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.tokenizer.WorldTokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/** Sessions of a small model, what they have read, and samplers that write what a test wants. */
abstract class ChatFixture {
    static final RwkvModel MODEL = TinyModel.open();
    /** Its last tokens hold parts of what parts turns and thoughts. */
    static final WorldTokenizer TOKENIZER = TinyModel.tokenizer("\n\nUs", "er:", "</th", "ink>", ".\n\n", null);
    static final int END = 0;

    static ChatBuilder chat() {
        return ChatSession.builder(MODEL, TOKENIZER).template(PromptTemplate.G1);
    }

    /** Options to write exactly this, then the end-of-text token. */
    static GenerationOptions writing(String text) {
        return options(TOKENIZER.encode(text));
    }

    /** Options to write this byte by byte, then the end-of-text token. */
    static GenerationOptions spelling(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] tokens = new int[bytes.length];
        Arrays.setAll(tokens, i -> (bytes[i] & 0xFF) + 1);
        return options(tokens);
    }

    static GenerationOptions options(int... tokens) {
        return GenerationOptions.builder().maxTokens(1000).sampler(() -> new Script(tokens)).build();
    }

    /** Whether a session is, in all respects, what its turns say. */
    static void assertConsistent(ChatSession session) {
        String text = session.text();
        int[] tokens = session.tokens();
        assertEquals(text, TOKENIZER.decode(Arrays.stream(tokens).filter(TOKENIZER::standsForText).toArray()));
        String next = ChatPrompt.builder(session.template()).tools(session.tools()).messages(session.messages())
                .user("next").build().text();
        String separator = session.turns().isEmpty() ? "" : session.template().separator();
        assertEquals(text + separator + "User: next\n\nAssistant:", next);
        RwkvState expected = MODEL.newState();
        if (tokens.length > 0) {
            MODEL.logits(tokens, expected);
        }
        double difference = TinyModel.difference(expected, session.state());
        assertTrue(difference < 1e-4, () -> "state differs by " + difference + " after " + text);
    }

    /** Waits until a session is free: who has cancelled a subscription hears of nothing more. */
    static void awaitFree(ChatSession session) {
        while (true) {
            try {
                session.thinking(session.thinking());
                return;
            } catch (IllegalStateException e) {
                Thread.onSpinWait();
            }
        }
    }

    /** Chooses these tokens, then the end. */
    static final class Script implements Sampler {
        private final Iterator<Integer> tokens;

        Script(int... tokens) {
            this.tokens = Arrays.stream(tokens).boxed().iterator();
        }

        @Override
        public int choose(float[] logits) {
            return tokens.hasNext() ? tokens.next() : END;
        }
    }

    static List<String> replies(ChatSession session) {
        return session.turns().stream().map(turn -> turn.reply().text()).toList();
    }
}
