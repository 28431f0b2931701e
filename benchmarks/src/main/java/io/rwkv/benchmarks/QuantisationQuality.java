package io.rwkv.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;
import io.rwkv.loader.Tokenizers;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What quantised weights cost in quality: perplexity on given texts, and how long greedy continuations stay those of float32.
 */
public final class QuantisationQuality {
    private static final int PROMPTS = 50;
    private static final int PROMPT_TOKENS = 8;
    private static final int CONTINUATION = 200;

    private QuantisationQuality() {
    }

    /** @param args texts, one JSON object with a field {@code text} per line; then optionally a checkpoint (the demo model) */
    public static void main(String[] args) throws IOException {
        Path checkpoint = args.length > 1 ? Path.of(args[1]) : DemoModel.checkpoint();
        ObjectMapper json = new ObjectMapper();
        List<int[]> texts = new ArrayList<>();
        List<int[]> reference = new ArrayList<>();
        System.out.println(
                "| weights | perplexity per token | against F32 | greedy texts as in F32 | 200 tokens as in F32, whatever ends among them | mean length until these part | hidden units skipped |");
        System.out.println("|---|---|---|---|---|---|---|");
        double exact = 0;
        for (Precision precision : List.of(Precision.F32, Precision.BF16, Precision.F16, Precision.Q8_0,
                Precision.Q4_0)) {
            try (RwkvModel model = Rwkv.open(checkpoint,
                    RwkvOptions.builder().engine("simd").precision(precision).build())) {
                if (texts.isEmpty()) {
                    Tokenizer tokenizer = args.length > 1
                            ? Tokenizers.forCheckpoint(checkpoint, model.config())
                            : Tokenizer.load(DemoModel.tokenizer());
                    for (String line : Files.readAllLines(Path.of(args[0]))) {
                        texts.add(tokenizer.encode(json.readTree(line).get("text").asText()));
                    }
                }
                double perplexity = perplexity(model, texts);
                exact = precision == Precision.F32 ? perplexity : exact;
                int sameText = 0;
                int same = 0;
                long together = 0;
                for (int i = 0; i < PROMPTS; i++) {
                    int[] text = texts.get(i * (texts.size() / PROMPTS));
                    int[] continuation = greedy(model, Arrays.copyOf(text, Math.min(PROMPT_TOKENS, text.length)));
                    if (precision == Precision.F32) {
                        reference.add(continuation);
                    }
                    int part = Arrays.mismatch(reference.get(i), continuation);
                    same += part < 0 ? 1 : 0;
                    sameText += part < 0 || endsBefore(continuation, part) ? 1 : 0;
                    together += part < 0 ? CONTINUATION : part;
                }
                System.out.printf(Locale.ROOT,
                        "| %s | %.4f | %+.3f %% | %d of %d | %d of %d | %.0f of %d tokens | %.1f %% |%n",
                        precision, perplexity, 100 * (perplexity / exact - 1), sameText, PROMPTS, same, PROMPTS,
                        (double) together / PROMPTS, CONTINUATION, 100 * model.skippedShare().orElse(0));
            }
        }
    }

    /** Each text between ends of text, token 0. */
    private static double perplexity(RwkvModel model, List<int[]> texts) {
        double sum = 0;
        long count = 0;
        for (int[] text : texts) {
            int[] tokens = new int[text.length + 1];
            System.arraycopy(text, 0, tokens, 1, text.length);
            float[][] logits = model.allLogits(tokens, model.newState());
            for (int t = 0; t < tokens.length; t++) {
                sum -= logProbability(logits[t], t + 1 < tokens.length ? tokens[t + 1] : 0);
            }
            count += tokens.length;
        }
        return Math.exp(sum / count);
    }

    private static double logProbability(float[] logits, int token) {
        double most = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            most = Math.max(most, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - most);
        }
        return logits[token] - most - Math.log(sum);
    }

    /** Whether the end of text, token 0, comes before an index. */
    private static boolean endsBefore(int[] tokens, int index) {
        return Arrays.stream(tokens, 0, index).anyMatch(t -> t == 0);
    }

    private static int[] greedy(RwkvModel model, int[] prompt) {
        RwkvState state = model.newState();
        float[] logits = model.logits(prompt, state);
        int[] tokens = new int[CONTINUATION];
        for (int i = 0; i < CONTINUATION; i++) {
            int best = 0;
            for (int token = 1; token < logits.length; token++) {
                best = logits[token] > logits[best] ? token : best;
            }
            tokens[i] = best;
            model.logits(new int[]{best}, state, logits);
        }
        return tokens;
    }
}
