package io.rwkv.examples;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.tokenizer.BpeTokenizer;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;

/** The three things an application does with a model: score text, generate text, keep and branch a state. */
public final class Quickstart {
    private Quickstart() {
    }

    /** Needs no arguments. */
    public static void main(String[] args) throws IOException {
        Tokenizer tokenizer = BpeTokenizer.load(DemoModel.tokenizer());
        try (RwkvModel model = Rwkv.open(DemoModel.checkpoint())) {
            RwkvState state = model.newState();
            float[] logits = model.logits(tokenizer.encode("A dog is a domestic"), state);
            int likeliest = 0;
            for (int i = 0; i < logits.length; i++) {
                likeliest = logits[i] > logits[likeliest] ? i : likeliest;
            }
            System.out.println("A dog is a domestic →" + tokenizer.decode(new int[]{likeliest}));

            // The state holds all that was read; copies of it go on independently.
            TextGenerator generator = new TextGenerator(model, tokenizer);
            GenerationOptions options = GenerationOptions.builder().maxTokens(20).topP(0.5).build();
            for (int seed = 1; seed <= 3; seed++) {
                RwkvState branch = state.copy();
                System.out.print("A dog is a domestic animal");
                generator.request(" animal").options(options.toBuilder().seed(seed).build()).state(branch)
                        .run(System.out::print);
                System.out.println();
            }
        }
    }
}
