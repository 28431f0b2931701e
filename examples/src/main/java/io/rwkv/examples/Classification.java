package io.rwkv.examples;

import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.scoring.Scorer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Sorts texts into classes without training: of some labels, the likeliest continuation is taken. All texts are read together, each
 * once, and each label goes on from a copy of its text's state.
 */
public final class Classification {
    private static final List<String> TEXTS = List.of("Someone who treats sick people",
            "A sweet dish eaten at the end of a meal", "A building where people pray together",
            "A plant with yellow flowers");
    // With the full stop: " plant" alone would also be the beginning of " plant disease".
    private static final List<String> LABELS = List.of(" animal.", " building.", " food.", " person.", " plant.");

    private Classification() {
    }

    /** @param args a checkpoint, its tokenizer beside it; without any, the demo model, which knows a dictionary */
    public static void main(String[] args) throws IOException {
        Path checkpoint = args.length > 0 ? Path.of(args[0]) : DemoModel.checkpoint();
        try (TextModel rwkv = TextModel.open(checkpoint)) {
            Scorer scorer = new Scorer(rwkv.model(), rwkv.tokenizer());
            List<String> prompts = TEXTS.stream().map(text -> text + ". It is a kind of").toList();
            var found = scorer.classify(prompts, LABELS);
            for (int i = 0; i < prompts.size(); i++) {
                String best = found.get(i).best();
                System.out.printf(Locale.ROOT, "%s%s (%.0f %%)%n", prompts.get(i), best,
                        100 * found.get(i).probability(best));
            }
        }
    }
}
