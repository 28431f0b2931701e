package io.rwkv.examples;

import io.rwkv.core.RwkvState;
import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.SamplingPreset;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A story that goes on in several ways from each place: the state is copied there, and what came before is never read again.
 */
public final class StoryBranches {
    private static final String JOINT = ",";
    private static final int WAYS = 2;
    private static final int DEPTH = 3;

    private final TextModel rwkv;
    private long seed;

    private StoryBranches(TextModel rwkv) {
        this.rwkv = rwkv;
    }

    /**
     * Prints how a story goes on, and on from there.
     *
     * @param next the text that the state has not read yet
     * @param state stays as it is
     */
    private void branch(String next, RwkvState state, int depth) {
        if (depth == DEPTH) {
            return;
        }
        for (int way = 0; way < WAYS; way++) {
            RwkvState copy = state.copy();
            GenerationOptions options = GenerationOptions.builder().maxTokens(8)
                    .sampling(SamplingPreset.CREATIVE.options().toBuilder().seed(++seed).build()).build();
            Generation part = rwkv.request(next).options(options).state(copy).run();
            System.out.println("    ".repeat(depth) + next + part.text());
            if (part.reason() == Reason.MAX_TOKENS) { // else this story has come to its end
                branch(JOINT, copy, depth + 1);
            }
        }
    }

    /** @param args the beginning of a story, then a checkpoint; by default one for the demo model, which writes definitions */
    public static void main(String[] args) throws IOException {
        String begin = args.length > 0 ? args[0] : "A castle is";
        try (TextModel rwkv = TextModel.open(args.length > 1 ? Path.of(args[1]) : DemoModel.checkpoint())) {
            new StoryBranches(rwkv).branch(begin, rwkv.newState(), 0);
        }
    }
}
