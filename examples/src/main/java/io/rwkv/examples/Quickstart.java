package io.rwkv.examples;

import io.rwkv.core.RwkvState;
import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;

import java.io.IOException;
import java.nio.file.Path;

/** What an application does with a model: generate text, score text, keep and branch a state. */
public final class Quickstart {
    private Quickstart() {
    }

    /** @param args a checkpoint, its tokenizer beside it; without any, the demo model */
    public static void main(String[] args) throws IOException {
        Path checkpoint = args.length > 0 ? Path.of(args[0]) : DemoModel.checkpoint();
        try (TextModel rwkv = TextModel.open(checkpoint)) {
            System.out.println("A violin is a musical" + rwkv.generate("A violin is a musical"));

            // The level below: tokens in, a logit for every token that may follow out.
            RwkvState state = rwkv.newState();
            float[] logits = rwkv.model().logits(rwkv.tokenizer().encode("A dog is a domestic"), state);
            int likeliest = 0;
            for (int i = 0; i < logits.length; i++) {
                likeliest = logits[i] > logits[likeliest] ? i : likeliest;
            }
            System.out.println("A dog is a domestic →" + rwkv.tokenizer().decode(new int[]{likeliest}));

            // The state holds all that was read; copies of it go on independently.
            GenerationOptions.Builder options = GenerationOptions.builder().maxTokens(20).topP(0.9);
            Generation.Request request = rwkv.request(" animal");
            for (int seed = 1; seed <= 3; seed++) {
                System.out.print("A dog is a domestic animal");
                request.options(options.seed(seed).build()).state(state.copy()).run(System.out::print);
                System.out.println();
            }
        }
    }
}
