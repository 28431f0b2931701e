package io.rwkv.cli;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvState;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.Architecture;
import io.rwkv.loader.Checkpoints;
import io.rwkv.loader.Tokenizers;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.tokenizer.Tokenizer;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;

@Command(name = "info", mixinStandardHelpOptions = true, description = "Says what a checkpoint holds.")
final class InfoCommand implements Callable<Integer> {
    private static final Pattern TUNED_STATE = Pattern.compile("blocks\\.\\d+\\.att\\.time_state");

    @Parameters(paramLabel = "FILE", description = "The checkpoint.")
    private Path file;

    @Override
    public Integer call() throws IOException {
        TensorFile checkpoint = Checkpoints.open(file);
        RwkvConfig config = Architecture.detect(checkpoint);
        Map<String, Long> elements = new TreeMap<>();
        long parameters = 0;
        for (StoredTensor tensor : checkpoint.tensors()) {
            elements.merge(tensor.dtype().name(), tensor.elementCount(), Long::sum);
            parameters += tensor.elementCount();
        }
        line("file", checkpoint.path() + " (" + checkpoint.format() + ")");
        line("version", config.version().toString());
        line("layers", String.valueOf(config.layers()));
        line("width", String.valueOf(config.width()));
        if (config.heads() > 0) {
            line("heads", config.heads() + " of " + config.headSize());
        }
        line("ffn width", String.valueOf(config.ffnWidth()));
        line("vocabulary", String.valueOf(config.vocabularySize()));
        line("tensors", String.valueOf(checkpoint.names().size()));
        if (!checkpoint.unread().isEmpty()) {
            line("  not read", checkpoint.unread().toString());
        }
        line("parameters", String.format(Locale.ROOT, "%,d", parameters));
        elements.forEach((dtype, count) -> line("  of these " + dtype, String.format(Locale.ROOT, "%,d", count)));
        long state = RwkvState.byteSize(config);
        boolean tuned = checkpoint.names().stream().anyMatch(TUNED_STATE.asMatchPredicate());
        line("state", String.format(Locale.ROOT, "%,d float32 values, %,d bytes", state / Float.BYTES, state)
                + (tuned ? "; a new one begins as the file's time_state says" : ""));
        line("tokenizer", tokenizer(checkpoint, config));
        GenerationOptions text = GenerationOptions.defaults();
        line("text",
                text.maxTokens() + " tokens at most"
                        + text.sampling().map(options -> ", " + SamplingCliOptions.describe(options)).orElse("")
                        + (text.stopAtEndOfText() ? ", to the end of the text" : ""));
        return 0;
    }

    private String tokenizer(TensorFile checkpoint, RwkvConfig config) throws IOException {
        Optional<Tokenizer> own = Tokenizers.inCheckpoint(checkpoint);
        if (own.isPresent()) {
            return "in the file, " + own.get().vocabularySize() + " ids";
        }
        return Tokenizers.fileFor(file, config).map(Path::toString)
                .orElseGet(() -> "none found; commands that need one take --tokenizer; "
                        + Tokenizers.whyNone(checkpoint, config));
    }

    private static void line(String what, String value) {
        System.out.printf("%-16s %s%n", what, value);
    }
}
