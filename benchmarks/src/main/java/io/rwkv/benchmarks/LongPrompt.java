package io.rwkv.benchmarks;

import io.rwkv.cli.Machine;
import io.rwkv.core.RwkvModel;
import io.rwkv.loader.Rwkv;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;

/** Prompts of growing length in one call each: the process's peak memory should not grow with them. */
public final class LongPrompt {
    private LongPrompt() {
    }

    /** @param args checkpoint, then optionally the longest prompt (20000) */
    public static void main(String[] args) throws IOException {
        int longest = args.length > 1 ? Integer.parseInt(args[1]) : 20_000;
        try (RwkvModel model = Rwkv.open(Path.of(args[0]))) {
            System.out.println(
                    "| tokens in one call | seconds | tokens/s | peak memory of the process so far | logits |");
            System.out.println("|---|---|---|---|---|");
            for (int length : new int[]{512, longest / 10, longest}) {
                int[] prompt = new Random(2).ints(length, 0, model.config().vocabularySize()).toArray();
                long start = System.nanoTime();
                float[] logits = model.logits(prompt, model.newState());
                double seconds = (System.nanoTime() - start) / 1e9;
                boolean finite = true;
                for (float logit : logits) {
                    finite &= Float.isFinite(logit);
                }
                System.out.printf(Locale.ROOT, "| %d | %.1f | %.0f | %s | %s |%n", length, seconds, length / seconds,
                        Machine.peakMemory(), finite ? "finite" : "NOT FINITE");
            }
        }
    }
}
