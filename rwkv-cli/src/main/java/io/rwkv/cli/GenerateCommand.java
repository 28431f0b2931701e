package io.rwkv.cli;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.tokenizer.Tokenizer;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

@Command(name = "generate", mixinStandardHelpOptions = true, description = "Continues a text.")
final class GenerateCommand implements Callable<Integer> {
    @Mixin
    private TextModelOptions modelOptions;

    @Option(names = "--max-tokens", defaultValue = "100", paramLabel = "N", description = "The most tokens to generate. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    @Option(names = "--temperature", defaultValue = "1", paramLabel = "X", description = "0 always takes the likeliest token. Default: ${DEFAULT-VALUE}.")
    private double temperature;

    @Option(names = "--top-p", defaultValue = "0.5", paramLabel = "X", description = "Keeps the likeliest tokens that together have this probability. Default: ${DEFAULT-VALUE}.")
    private double topP;

    @Option(names = "--top-k", defaultValue = "0", paramLabel = "N", description = "Keeps the likeliest so many tokens; 0 keeps all. Default: ${DEFAULT-VALUE}.")
    private int topK;

    @Option(names = "--seed", paramLabel = "N", description = "Makes the choice repeatable.")
    private Long seed;

    @Option(names = "--stop", paramLabel = "TEXT", description = "Ends before this text appears. May be given several times.")
    private List<String> stop = List.of();

    @Option(names = "--no-echo", description = "Do not print the prompt before the new text.")
    private boolean noEcho;

    @Option(names = "--tuned-state", paramLabel = "FILE", description = "Start from this tuned state.")
    private Path tunedState;

    @Parameters(paramLabel = "PROMPT", description = "The text to continue; - reads it from standard input.")
    private String prompt;

    @Override
    public Integer call() throws IOException {
        if (prompt.equals("-")) {
            prompt = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        }
        GenerationOptions.Builder options = GenerationOptions.builder().maxTokens(maxTokens).temperature(temperature)
                .topP(topP).topK(topK).stopStrings(stop);
        if (seed != null) {
            options.seed(seed);
        }
        try (RwkvModel model = modelOptions.openModel()) {
            Tokenizer tokenizer = modelOptions.openTokenizer(model);
            RwkvState state = tunedState == null ? model.newState() : model.newState(tunedState);
            if (!noEcho) {
                System.out.print(prompt);
                System.out.flush();
            }
            Generation result = new TextGenerator(model, tokenizer).request(prompt).options(options.build())
                    .state(state)
                    .cancelledWhen(() -> System.out.checkError()).run(GenerateCommand::print);
            System.out.println();
            System.err.printf(Locale.ROOT,
                    "[%s, %s engine: read %d tokens in %.2f s, generated %d tokens at %.1f tokens/s]%n",
                    model.config().version(), model.engineName(), result.promptTokens(), result.promptNanos() / 1e9,
                    result.generatedTokens(), result.tokensPerSecond());
        }
        return 0;
    }

    private static void print(String piece) {
        System.out.print(piece);
        System.out.flush();
    }
}
