package io.rwkv.text.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** The reference files of sampling. */
final class SamplingReference {
    private SamplingReference() {
    }

    static JsonNode read(String name) throws IOException {
        Path file = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference", "sampling", name);
        Assumptions.assumeTrue(Files.exists(file), file + " is missing; skipped");
        return new ObjectMapper().readTree(file.toFile());
    }

    static Map<String, float[]> vectors(String file) throws IOException {
        Map<String, float[]> vectors = new HashMap<>();
        for (JsonNode vector : read(file).get("vectors")) {
            float[] logits = new float[vector.get("size").asInt()];
            ByteBuffer.wrap(Base64.getDecoder().decode(vector.get("f32le_base64").asText()))
                    .order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(logits);
            vectors.put(vector.get("name").asText(), logits);
        }
        return vectors;
    }

    static SamplingOptions.Builder options(JsonNode filters) {
        SamplingOptions.Builder options = SamplingOptions.builder().temperature(filters.get("temperature").asDouble());
        if (filters.has("order")) {
            String order = filters.get("order").asText();
            options.order(order.equals("rwkv_pip")
                    ? SamplingOrder.RWKV
                    : order.equals("llama_cpp") ? SamplingOrder.LLAMA_CPP : SamplingOrder.TEMPERATURE_FIRST)
                    .topP(filters.get("top_p").asDouble()).topK(filters.get("top_k").asInt())
                    .minP(filters.get("min_p").asDouble()).typicalP(filters.get("typical_p").asDouble());
        }
        return options;
    }

    static Map<Integer, Double> byToken(JsonNode values) {
        Map<Integer, Double> map = new TreeMap<>();
        values.properties().forEach(e -> map.put(Integer.valueOf(e.getKey()), e.getValue().asDouble()));
        return map;
    }

    /** Kept ids exactly, probabilities within 1e-5, and what else the case says. */
    static void assertCase(JsonNode expected, Candidates found) {
        String which = expected.toString().substring(0, Math.min(300, expected.toString().length()));
        assertEquals(expected.get("kept_count").asInt(), found.size(), which);
        long ids = 0;
        double entropy = 0;
        for (int i = 0; i < found.size(); i++) {
            double p = found.probability(i);
            ids += found.id(i);
            entropy -= p == 0 ? 0 : p * Math.log(p);
            if (expected.has("kept")) {
                assertEquals(expected.get("kept").get(i).asInt(), found.id(i), which);
                assertEquals(expected.get("p").get(i).asDouble(), p, 1e-10, which);
            }
        }
        assertEquals(expected.get("entropy").asDouble(), entropy, 1e-8, which);
        if (expected.has("kept_sum_of_ids")) {
            assertEquals(expected.get("kept_sum_of_ids").asLong(), ids, which);
            for (JsonNode top : expected.get("top")) {
                int index = found.indexOf(top.get(0).asInt());
                assertTrue(index >= 0, which);
                assertEquals(top.get(1).asDouble(), found.probability(index), 1e-9, which);
            }
        }
    }
}
