package io.rwkv.cli;

import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.TokenLogProbabilities;
import io.rwkv.tokenizer.Tokenizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Says how likely the model found the tokens that it chose, in the form in which they are printed as JSON. */
final class TokenLines {
    private final Tokenizer tokenizer;

    TokenLines(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** An object for each token that was chosen, in order. */
    List<Map<String, Object>> of(Generation result) {
        return result.logProbabilities().stream().map(this::of).toList();
    }

    private Map<String, Object> of(TokenLogProbabilities token) {
        Map<String, Object> line = of(token.chosen());
        if (!token.likeliest().isEmpty()) {
            line.put("likeliest", token.likeliest().stream().map(this::of).toList());
        }
        return line;
    }

    private Map<String, Object> of(TokenLogProbabilities.Entry entry) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("token", entry.token());
        line.put("text", tokenizer.decode(new int[]{entry.token()}));
        line.put("log_probability", entry.logProbability());
        return line;
    }
}
