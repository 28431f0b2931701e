package io.rwkv.text.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import io.rwkv.text.TinyModel;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class SamplingReferenceTest {
    @Test
    void filtersShouldKeepWhatTheReferenceKeeps() throws IOException {
        Map<String, float[]> vectors = SamplingReference.vectors("vectors.json");
        int count = 0;
        for (JsonNode filter : SamplingReference.read("filters.json").get("cases")) {
            SamplingOptions options = SamplingReference.options(filter).build();
            SamplingReference.assertCase(filter,
                    options.newSampler().candidates(vectors.get(filter.get("vector").asText())));
            count++;
        }
        assertEquals(395, count);
    }

    @Test
    void biasBansAndPenaltiesShouldComeBeforeTheFilters() throws IOException {
        Map<String, float[]> vectors = SamplingReference.vectors("vectors.json");
        int count = 0;
        for (JsonNode all : SamplingReference.read("bias.json").get("cases")) {
            List<Integer> ban = new ArrayList<>();
            all.get("ban").forEach(id -> ban.add(id.asInt()));
            SamplingOptions options = SamplingReference.options(all)
                    .logitBias(SamplingReference.byToken(all.get("logit_bias"))).bannedTokens(ban)
                    .occurrences(SamplingReference.byToken(all.get("occurrence")))
                    .presencePenalty(all.get("presence").asDouble())
                    .frequencyPenalty(all.get("frequency").asDouble()).build();
            SamplingReference.assertCase(all,
                    options.newSampler().candidates(vectors.get(all.get("vector").asText())));
            count++;
        }
        assertEquals(24, count);
    }

    @Test
    void mirostatShouldKeepAndLearnAsTheReference() throws IOException {
        Map<String, float[]> vectors = SamplingReference.vectors("vectors.json");
        int count = 0;
        for (JsonNode step : SamplingReference.read("mirostat2.json").get("cases")) {
            float[] logits = vectors.get(step.get("vector").asText());
            double tau = step.get("tau").asDouble();
            double eta = step.get("eta").asDouble();
            double mu = step.get("mu").asDouble();
            SamplingOptions options = SamplingReference.options(step).mirostat(tau, eta, mu).build();
            Candidates found = options.newSampler().candidates(logits);
            SamplingReference.assertCase(step, found);
            for (JsonNode chosen : step.get("chosen")) {
                Mirostat2 mirostat = new Mirostat2(tau, eta, mu);
                int index = found.indexOf(chosen.get("token").asInt());
                mirostat.chosen(found.id(index), found.probability(index));
                assertEquals(chosen.get("mu").asDouble(), mirostat.mu(), 1e-9, step.get("vector").asText());
            }
            count++;
        }
        assertEquals(108, count);
    }

    @Test
    void penaltiesShouldCountAsTheReference() throws IOException {
        JsonNode reference = SamplingReference.read("penalties.json");
        Tokenizer world = world();
        int count = 0;
        for (JsonNode text : reference.get("cases")) {
            double presence = text.get("presence").asDouble();
            double frequency = text.get("frequency").asDouble();
            SamplingStep penalties = SamplingStep.penalties(presence, frequency, text.get("decay").asDouble(),
                    text.get("style").asText().equals("rwkv_pip"), Map.of()).forText(world);
            for (JsonNode token : text.get("tokens")) {
                penalties.chosen(token.asInt(), 0.5);
            }
            Candidates candidates = new Candidates();
            candidates.load(new float[65536]);
            penalties.apply(candidates);
            Map<Integer, Double> subtract = SamplingReference.byToken(text.get("subtract"));
            for (int id = 0; id < 65536; id++) {
                assertEquals(-subtract.getOrDefault(id, 0.0), candidates.logit(id), 1e-9, () -> text.toString());
            }
            count++;
        }
        assertEquals(28, count);
    }

    @Test
    void exactlyTheTokensOfTheReferenceShouldBeExempt() throws IOException {
        JsonNode reference = SamplingReference.read("penalties.json");
        Tokenizer world = world();
        for (String list : List.of("exempt_tokens", "not_exempt_though_only_digits_and_blanks")) {
            assertTrue(reference.get(list).size() > 20, list);
            for (JsonNode token : reference.get(list)) {
                SamplingStep penalties = SamplingStep.penalties(0, 1, 1, true, Map.of()).forText(world);
                penalties.chosen(token.get("id").asInt(), 0.5);
                Candidates candidates = new Candidates();
                candidates.load(new float[65536]);
                penalties.apply(candidates);
                assertEquals(list.equals("exempt_tokens") ? 0 : -1, candidates.logit(token.get("id").asInt()),
                        token.toString());
            }
        }
    }

    private static Tokenizer world() throws IOException {
        Path file = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference", "tokenizer",
                "rwkv_vocab_v20230424.txt");
        Assumptions.assumeTrue(Files.exists(file), file + " is missing; skipped");
        return Tokenizer.load(file);
    }

    @Test
    void logitsThatAreNoDistributionShouldBeRefused() throws IOException {
        Map<String, float[]> vectors = SamplingReference.vectors("invalid.json");
        assertEquals(3, vectors.size());
        vectors.forEach((name, logits) -> {
            for (SamplingOrder order : SamplingOrder.values()) {
                Sampler sampler = SamplingOptions.builder().order(order).build().newSampler(TinyModel.tokenizer());
                assertThrows(ArithmeticException.class, () -> sampler.choose(logits), name);
            }
        });
    }
}
