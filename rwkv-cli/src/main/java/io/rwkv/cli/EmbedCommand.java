package io.rwkv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.TextModel;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

@Command(name = "embed", mixinStandardHelpOptions = true, description = "Turns texts into vectors, one line of JSON for each: text, embedding.")
final class EmbedCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Mixin
    private TextModelOptions modelOptions;

    @Option(names = "--pooling", defaultValue = "mean", paramLabel = "last|mean", description = "The last token's vector, or the mean of all. Default: ${DEFAULT-VALUE}.")
    private String pooling;

    @Parameters(paramLabel = "TEXT", arity = "0..*", description = "The texts. Without any, each line of standard input that is not blank is one.")
    private List<String> texts = List.of();

    @Override
    public Integer call() throws IOException {
        Pooling chosen = switch (pooling) {
            case "last" -> Pooling.LAST;
            case "mean" -> Pooling.MEAN;
            default -> throw new IllegalArgumentException("--pooling: expected last or mean, found " + pooling);
        };
        try (TextModel model = modelOptions.openText(chosen)) {
            if (texts.isEmpty()) {
                StandardInput.Lines in = StandardInput.lines();
                for (String line = in.next(); line != null; line = in.next()) {
                    if (!line.isBlank()) {
                        print(model, line);
                    }
                }
            }
            for (String text : texts) {
                print(model, text);
            }
        }
        return 0;
    }

    private static void print(TextModel model, String text) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("text", text);
        line.put("embedding", model.embed(text));
        System.out.println(JSON.writeValueAsString(line));
    }
}
