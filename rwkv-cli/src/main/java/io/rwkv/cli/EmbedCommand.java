package io.rwkv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.text.TextModel;
import io.rwkv.text.embedding.SentenceEncoder;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.tokenizer.Tokenizer;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

@Command(name = "embed", mixinStandardHelpOptions = true, description = "Turns texts into vectors, one line of JSON for each: text, embedding; with --file: index, embedding.")
final class EmbedCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Mixin
    private TextModelOptions modelOptions;

    @Option(names = "--pooling", defaultValue = "mean", paramLabel = "last|mean", description = "The last token's vector, or the mean of all. Default: ${DEFAULT-VALUE}.")
    private String pooling;

    @Option(names = "--file", paramLabel = "TEXTS", description = {
            "Takes many texts from a file, and reads them together. Each line that is not blank is one, or, if the file's name ends in .jsonl, {\"text\": …}; - is standard input.",
            "index is the line, from 0. A text that fails has a line with index and error, and exit code 1 follows at the end."})
    private Path file;

    @Parameters(paramLabel = "TEXT", arity = "0..*", description = "The texts. Without any, each line of standard input that is not blank is one.")
    private List<String> texts = List.of();

    @Override
    public Integer call() throws IOException {
        Pooling chosen = switch (pooling) {
            case "last" -> Pooling.LAST;
            case "mean" -> Pooling.MEAN;
            default -> throw new IllegalArgumentException("--pooling: expected last or mean, found " + pooling);
        };
        if (file != null && !texts.isEmpty()) {
            throw new IllegalArgumentException("--file: expected no TEXT beside it, found " + texts.size());
        }
        TextsFile list = file == null ? null : TextsFile.read(file, "text");
        try (TextModel model = modelOptions.openText(chosen)) {
            SentenceEncoder encoder = new SentenceEncoder(model.model(), model.tokenizer(), chosen);
            if (list != null) {
                embed(list, encoder, model.tokenizer());
            } else if (!texts.isEmpty()) {
                embed(texts, encoder, model.tokenizer());
            } else {
                embedStandardInput(encoder);
            }
        }
        return 0;
    }

    private static void embed(TextsFile list, SentenceEncoder encoder, Tokenizer tokenizer) throws IOException {
        try (Progress progress = Progress.of("embedding", "tokens")) {
            Portions.run(list, text -> tokenizer.encodeOrdinary(text).length, encoder::encodeAll,
                    vector -> Map.of("embedding", vector), progress, null);
        }
    }

    private static void embed(List<String> texts, SentenceEncoder encoder, Tokenizer tokenizer) throws IOException {
        int[] lengths = texts.stream().mapToInt(text -> tokenizer.encodeOrdinary(text).length).toArray();
        long total = 0;
        for (int length : lengths) {
            total += length;
        }
        long all = total;
        long before = 0;
        try (Progress progress = Progress.of("embedding", "tokens")) {
            for (int i = 0; i < lengths.length; i++) {
                long base = before;
                float[] vector = encoder.encode(texts.get(i), (done, ofText) -> progress.report(base + done, all));
                progress.clear();
                print(texts.get(i), vector);
                before += lengths[i];
            }
        }
    }

    /** As the lines come. Where somebody types them, no progress is to stand between. */
    private static void embedStandardInput(SentenceEncoder encoder) throws IOException {
        StandardInput.Lines in = StandardInput.lines();
        long count = 0;
        try (Progress progress = StandardInput.isTerminal() ? Progress.NONE : Progress.of("embedding", "texts")) {
            for (String line = in.next(); line != null; line = in.next()) {
                if (!line.isBlank()) {
                    float[] vector = encoder.encode(line);
                    progress.clear();
                    print(line, vector);
                    progress.report(++count, Progress.UNKNOWN);
                }
            }
        }
    }

    private static void print(String text, float[] vector) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("text", text);
        line.put("embedding", vector);
        System.out.println(JSON.writeValueAsString(line));
    }
}
