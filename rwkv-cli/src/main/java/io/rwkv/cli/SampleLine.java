package io.rwkv.cli;

import com.fasterxml.jackson.databind.JsonNode;

import io.rwkv.text.sampling.Candidates;
import io.rwkv.text.sampling.SamplingOptions;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A line of {@code rwkv sample}. What it does not understand is an IllegalArgumentException. */
final class SampleLine {
    private static final Set<String> KEYS = Set.of("logits", "f32le_base64", "order", "temperature", "top_p", "top_k",
            "min_p", "typical_p", "tau", "eta", "mu", "logit_bias", "ban", "occurrence", "presence", "frequency");

    private final JsonNode line;

    SampleLine(JsonNode line) {
        this.line = line;
        Set<String> unknown = new TreeSet<>();
        line.fieldNames().forEachRemaining(name -> {
            if (!KEYS.contains(name)) {
                unknown.add(name);
            }
        });
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(unknown + ": expected none but " + new TreeSet<>(KEYS));
        }
    }

    /** {@code kept} and {@code p}. */
    Map<String, Object> distribution() {
        float[] logits = logits();
        Candidates candidates = options().newSampler().candidates(logits);
        int[] kept = new int[candidates.size()];
        double[] p = new double[kept.length];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = candidates.id(i);
            p[i] = candidates.probability(i);
        }
        Map<String, Object> distribution = new LinkedHashMap<>();
        distribution.put("kept", kept);
        distribution.put("p", p);
        return distribution;
    }

    private SamplingOptions options() {
        SamplingOptions.Builder options = SamplingOptions.builder().temperature(number("temperature", 1))
                .topP(number("top_p", 1)).topK(whole("top_k", line.get("top_k"), 0)).minP(number("min_p", 0))
                .typicalP(number("typical_p", 1)).presencePenalty(number("presence", 0))
                .frequencyPenalty(number("frequency", 0)).occurrences(byToken("occurrence"))
                .logitBias(byToken("logit_bias")).bannedTokens(tokens("ban"));
        if (line.has("order")) {
            options.order(SamplingCliOptions.order(text("order")));
        }
        if (line.has("tau")) {
            if (line.has("order")) {
                throw new IllegalArgumentException("order: expected none beside tau, which is mirostat's");
            }
            double tau = number("tau", 0);
            options.mirostat(tau, number("eta", 0.1), number("mu", 2 * tau));
        } else if (line.has("eta") || line.has("mu")) {
            throw new IllegalArgumentException("eta, mu: expected tau beside them");
        }
        return options.build();
    }

    private float[] logits() {
        if (line.has("logits") == line.has("f32le_base64")) {
            throw new IllegalArgumentException("expected either logits or f32le_base64");
        }
        float[] logits;
        if (line.has("logits")) {
            JsonNode numbers = array("logits");
            logits = new float[numbers.size()];
            for (int i = 0; i < logits.length; i++) {
                double value = number("logits[" + i + "]", numbers.get(i));
                logits[i] = (float) value;
                if (Float.isInfinite(logits[i]) && !Double.isInfinite(value)) {
                    throw new IllegalArgumentException("logits[" + i + "]: expected a float32, found " + value);
                }
            }
        } else {
            byte[] bytes;
            try {
                bytes = Base64.getDecoder().decode(text("f32le_base64"));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("f32le_base64: " + e.getMessage(), e);
            }
            if (bytes.length % Float.BYTES != 0) {
                throw new IllegalArgumentException(
                        "f32le_base64: expected a multiple of 4 bytes, found " + bytes.length);
            }
            logits = new float[bytes.length / Float.BYTES];
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(logits);
        }
        if (logits.length == 0) {
            throw new IllegalArgumentException("expected at least one logit, found none");
        }
        return logits;
    }

    private double number(String name, double absent) {
        return line.has(name) ? number(name, line.get(name)) : absent;
    }

    private static double number(String name, JsonNode value) {
        if (!value.isNumber()) {
            throw new IllegalArgumentException(name + ": expected a number, found " + value);
        }
        return value.doubleValue();
    }

    private static int whole(String name, JsonNode value, int absent) {
        if (value == null) {
            return absent;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new IllegalArgumentException(name + ": expected a whole number, found " + value);
        }
        return value.intValue();
    }

    private String text(String name) {
        if (!line.get(name).isTextual()) {
            throw new IllegalArgumentException(name + ": expected a string, found " + line.get(name).getNodeType());
        }
        return line.get(name).textValue();
    }

    private JsonNode array(String name) {
        if (!line.get(name).isArray()) {
            throw new IllegalArgumentException(name + ": expected an array, found " + line.get(name).getNodeType());
        }
        return line.get(name);
    }

    private List<Integer> tokens(String name) {
        List<Integer> tokens = new ArrayList<>();
        if (line.has(name)) {
            array(name).forEach(token -> tokens.add(whole(name, token, 0)));
        }
        return tokens;
    }

    private Map<Integer, Double> byToken(String name) {
        Map<Integer, Double> values = new TreeMap<>();
        if (line.has(name)) {
            if (!line.get(name).isObject()) {
                throw new IllegalArgumentException(
                        name + ": expected an object, found " + line.get(name).getNodeType());
            }
            line.get(name).properties().forEach(entry -> {
                if (!entry.getKey().matches("0|[1-9][0-9]{0,8}")) {
                    throw new IllegalArgumentException(name + ": expected ids of tokens, found " + entry.getKey());
                }
                values.put(Integer.valueOf(entry.getKey()),
                        number(name + " of token " + entry.getKey(), entry.getValue()));
            });
        }
        return values;
    }
}
