package io.rwkv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.SamplingOptions;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

@Command(name = "generate", mixinStandardHelpOptions = true, description = "Continues a text, or many; or says which of some labels is its likeliest continuation.")
final class GenerateCommand implements Callable<Integer> {
    @Mixin
    private TextModelOptions modelOptions;

    @Mixin
    private GrammarOptions grammarOptions;

    @Option(names = "--max-tokens", paramLabel = "N", description = "The most tokens to generate. This and the following: what is not given is the model's default, which rwkv info shows.")
    private Integer maxTokens;

    @Mixin
    private SamplingCliOptions samplingOptions;

    @Option(names = "--stop", paramLabel = "TEXT", description = "Ends before this text appears. May be given several times.")
    private List<String> stop = List.of();

    @Option(names = "--no-echo", description = "Do not print the prompt before the new text.")
    private boolean noEcho;

    @Option(names = "--tuned-state", paramLabel = "FILE", description = "Start from this tuned state.")
    private Path tunedState;

    @Option(names = "--logprobs", paramLabel = "N", description = "After the text, print a line of JSON for each token that was chosen: how likely the model found it (before temperature and all else), and the N likeliest beside it; 0 for none beside it.")
    private Integer logprobs;

    @Option(names = "--file", paramLabel = "PROMPTS", description = {
            "Continues many texts from a file, several at once, and prints a line of JSON for each, in order: index, prompt, text, reason; with --logprobs also tokens. Each line of the file that is not blank is a prompt, or, if the file's name ends in .jsonl, {\"prompt\": …}; - is standard input.",
            "index is the line, from 0. Each text is what it would be alone, with the same seed. A text that fails has a line with error, and exit code 1 follows at the end."})
    private Path file;

    @Option(names = "--batch", paramLabel = "N", description = "With --file: the most texts at once. Default: 32, or as many as a quarter of the heap has room for.")
    private Integer batch;

    @Option(names = "--choices", paramLabel = "LABELS", description = {
            "Generates nothing; says how likely each label is as the continuation of the prompt, one line of JSON for each, the likeliest first: label, probability among the labels, log_probability. Labels are separated by commas, with their blanks: \" good, bad\". Given several times, each is one label, commas and all.",
            "With --file, a line for each prompt: index, prompt, label, probabilities. Prompts are read after the end-of-text token, and names of special tokens in them as ordinary text."})
    private List<String> choices;

    @Option(names = "--per-token", description = "With --choices: compare labels by the mean log-probability of their tokens, so that long ones stand as good a chance as short ones.")
    private boolean perToken;

    @Parameters(paramLabel = "PROMPT", arity = "0..1", description = "The text to continue; - reads it from standard input.")
    private String prompt;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        check();
        changed(GenerationOptions.defaults()); // before a model is loaded: values out of range are refused at once
        Choices labels = choices == null ? null : new Choices(choices, perToken);
        TextsFile list = file == null ? null : TextsFile.read(file, "prompt");
        if (list == null && prompt.equals("-")) {
            prompt = StandardInput.read();
        }
        try (TextModel text = modelOptions.openText(Pooling.MEAN)) {
            if (labels != null && list != null) {
                labels.print(text, list, !noEcho);
            } else if (labels != null) {
                labels.print(text, prompt);
            } else if (list != null) {
                new GenerateList(text, changed(text.generationOptions()), tunedState, !noEcho,
                        grammarOptions.given(), batch).run(list);
            } else {
                return generate(text);
            }
        }
        return 0;
    }

    /** Refuses what would have no effect. */
    private void check() {
        if ((file == null) == (prompt == null)) {
            throw new IllegalArgumentException(file == null
                    ? "expected a PROMPT, or --file, found neither"
                    : "--file: expected no PROMPT beside it, found one");
        }
        if (batch != null && batch < 1) {
            throw new IllegalArgumentException("--batch: expected at least 1, found " + batch);
        }
        if (batch != null && file == null) {
            throw new IllegalArgumentException("--batch: expected --file beside it, which has several texts");
        }
        if (perToken && choices == null) {
            throw new IllegalArgumentException("--per-token: expected --choices beside it, which has labels");
        }
        if (choices != null) {
            List<OptionSpec> used = new ArrayList<>(spec.mixins().get("modelOptions").options());
            List.of("--choices", "--per-token", "--file", "--no-echo", "--debug")
                    .forEach(name -> used.add(spec.findOption(name)));
            for (OptionSpec given : spec.commandLine().getParseResult().matchedOptions()) {
                if (!used.contains(given)) {
                    throw new IllegalArgumentException(
                            given.longestName() + ": expected none beside --choices, which generates nothing");
                }
            }
        }
    }

    /** Gives the exit code. */
    private int generate(TextModel text) throws IOException {
        RwkvModel model = text.model();
        Generation.Request request = text.request(prompt).options(changed(text.generationOptions()));
        if (tunedState != null) {
            request = request.state(model.newState(tunedState));
        }
        Generation result;
        try (PromptReading reading = new PromptReading(request.prompt().length, noEcho ? "" : prompt)) {
            result = request.cancelledWhen(() -> {
                reading.goesOn();
                return System.out.checkError();
            }).run(piece -> {
                reading.ended();
                System.out.print(piece);
                System.out.flush();
            });
        } finally {
            System.out.println(); // an error, too, begins on a line of its own
        }
        if (logprobs != null) {
            ObjectMapper json = new ObjectMapper();
            for (Map<String, Object> token : new TokenLines(text.tokenizer()).of(result)) {
                System.out.println(json.writeValueAsString(token));
            }
        }
        System.err.printf(Locale.ROOT,
                "[%s, %s engine: read %d tokens in %.2f s, generated %d tokens at %.1f tokens/s]%n",
                model.config().version(), model.engineName(), result.promptTokens(), result.promptNanos() / 1e9,
                result.generatedTokens(), result.tokensPerSecond());
        if (grammarOptions.given() && result.reason() != Generation.Reason.COMPLETE) {
            System.err.println("rwkv: the text ended before it was complete: " + result.reason());
            return 1;
        }
        return 0;
    }

    /** The options given, in place of these. */
    private GenerationOptions changed(GenerationOptions defaults) throws IOException {
        GenerationOptions.Builder options = defaults.toBuilder();
        grammarOptions.addTo(options);
        if (maxTokens != null) {
            options.maxTokens(maxTokens);
        }
        options.sampling(samplingOptions.changed(defaults.sampling().orElse(SamplingOptions.defaults())));
        if (logprobs != null) {
            options.logProbabilities(logprobs);
        }
        return stop.isEmpty() ? options.build() : options.stopStrings(stop).build();
    }
}
