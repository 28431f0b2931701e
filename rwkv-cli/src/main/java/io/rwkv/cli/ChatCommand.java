package io.rwkv.cli;

import io.rwkv.text.TextModel;
import io.rwkv.text.chat.ChatBuilder;
import io.rwkv.text.chat.ChatSession;
import io.rwkv.text.chat.PromptTemplate;
import io.rwkv.text.chat.Thinking;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.SamplingOptions;
import io.rwkv.text.sampling.SamplingPreset;

import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

@Command(name = "chat", mixinStandardHelpOptions = true, description = {"Talks with a model.",
        "On a terminal: lines can be edited, a line that ends in \\ goes on in the next one, Ctrl-C stops an answer, /help lists commands. In a pipe: each line of standard input is a message or a command, the answers go to standard output, thoughts and all else to standard error, and what cannot be done ends the chat."})
final class ChatCommand implements Callable<Integer> {
    static final class TemplateConverter implements ITypeConverter<PromptTemplate> {
        @Override
        public PromptTemplate convert(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "g1" -> PromptTemplate.G1;
                case "world" -> PromptTemplate.WORLD;
                case "raven" -> PromptTemplate.RAVEN;
                default -> throw new TypeConversionException("expected g1, world or raven, found " + text);
            };
        }
    }

    @Spec
    private CommandSpec spec;

    @Mixin
    private TextModelOptions modelOptions;

    @Option(names = "--template", paramLabel = "g1|world|raven", converter = TemplateConverter.class, description = "How a conversation is written down for the model. Default: as the model's family was trained; with --show-prompt, g1.")
    private PromptTemplate template;

    @Option(names = "--system", paramLabel = "TEXT", description = "What the conversation is about, or how the model is to answer.")
    private String system;

    @Option(names = "--think", paramLabel = "MODE", converter = ThinkingNames.class, description = "Whether the model writes down a thought before it answers: none, short, normal or long; skipped puts an empty thought into its mouth; unhinted is for models before G1c. For the template g1. Default: none.")
    private Thinking think;

    @Option(names = "--max-tokens", paramLabel = "N", description = "The most tokens of an answer, with its thought. Default: 1024, with a thought 4096. Sampling that is not given is the preset for the mode of thinking: chat, thinking or skipped-thinking.")
    private Integer maxTokens;

    @Mixin
    private SamplingCliOptions sampling;

    @Option(names = "--load", paramLabel = "FILE", description = "Go on with a saved conversation.")
    private Path load;

    @Option(names = "--tuned-state", paramLabel = "FILE", description = "Start from this tuned state.")
    private Path tunedState;

    @Option(names = "--verbose", description = "Show tokens and speed after each answer.")
    private boolean verbose;

    @Option(names = "--history", paramLabel = "FILE", description = "Where lines are kept for the next chat. Default: rwkv/chat-history below $$XDG_STATE_HOME or ~/.local/state.")
    private Path history;

    @Option(names = "--no-history", description = "Keep no lines for the next chat.")
    private boolean noHistory;

    @Option(names = "--show-prompt", paramLabel = "CHAT.json", description = {
            "Only prints the prompt of the conversation in this file; - is standard input. The prompt is printed exactly, with nothing after it, not even a line break. No model is needed.",
            "The file: {\"messages\": [{\"role\": \"system|user|assistant|tool\", \"content\": …}, …], \"think\": \"none|think|fake|fake_newline|json\", \"hint\": \"none|short|normal|long\", \"tools\": {\"signatures\": […]} or {\"json\": […]}}, all but messages optional;",
            "or {\"kind\": \"fim\", \"prefix\": …, \"suffix\": …}, {\"kind\": \"question\", \"text\": …, \"question\": …}, {\"kind\": \"instruction\", \"instruction\": …, \"input\": …}."})
    private Path showPrompt;

    @Override
    public Integer call() throws IOException {
        if (showPrompt != null) {
            refuseBesides("--show-prompt", List.of("--show-prompt", "--template", "--debug"));
            ShownPrompt.print(template == null ? PromptTemplate.G1 : template, showPrompt);
            return 0;
        }
        if (load != null) {
            refuseBoth("--load", template, "--template");
            refuseBoth("--load", system, "--system");
            refuseBoth("--load", think, "--think");
            refuseBoth("--load", tunedState, "--tuned-state");
        }
        if (noHistory) {
            refuseBoth("--no-history", history, "--history");
        }
        // Before a model is loaded: what is wrong in itself, or cannot go with a preset that is used later, is refused at once.
        for (SamplingPreset preset : SamplingPreset.values()) {
            changed(GenerationOptions.builder().sampling(preset.options()).build());
        }
        try (TextModel rwkv = modelOptions.openText(Pooling.MEAN); ChatConsole console = console()) {
            ChatLoop loop = new ChatLoop(console, this::changed, rwkv::resume, verbose);
            loop.run(load != null ? loop.load(load) : session(rwkv, console));
        }
        return 0;
    }

    private ChatSession session(TextModel rwkv, ChatConsole console) throws IOException {
        ChatBuilder chat = rwkv.chat(template != null ? template : familys(rwkv, console));
        if (system != null) {
            chat.system(system);
        }
        if (think != null) {
            chat.thinking(think);
        }
        if (tunedState != null) {
            chat.state(rwkv.model().newState(tunedState));
        }
        return chat.open();
    }

    private PromptTemplate familys(TextModel rwkv, ChatConsole console) {
        if (modelOptions.model == null) {
            console.note("no --model: this is the demo model, which continues definitions and was not made for talk");
            return PromptTemplate.WORLD;
        }
        try {
            return PromptTemplate.of(rwkv.model().config(), rwkv.tokenizer());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--template: expected g1, world or raven, since the vocabulary of "
                    + rwkv.tokenizer().vocabularySize() + " tokens does not tell how the model was trained", e);
        }
    }

    /** The options given, in place of these. */
    private GenerationOptions changed(GenerationOptions defaults) {
        GenerationOptions.Builder options = defaults.toBuilder();
        if (maxTokens != null) {
            options.maxTokens(maxTokens);
        }
        return options.sampling(sampling.changed(defaults.sampling().orElse(SamplingOptions.defaults()))).build();
    }

    private static void refuseBoth(String name, Object other, String otherName) {
        if (other != null) {
            throw new IllegalArgumentException(otherName + ": expected none beside " + name);
        }
    }

    private void refuseBesides(String name, List<String> allowed) {
        spec.commandLine().getParseResult().matchedOptions().forEach(option -> {
            if (!allowed.contains(option.longestName())) {
                refuseBoth(name, option, option.longestName());
            }
        });
    }

    private ChatConsole console() throws IOException {
        if (!isTerminal()) {
            return new PipeConsole(StandardInput.lines(), System.out, System.err);
        }
        // Without graphemeCluster(false) it asks the terminal what it can do; those that do not answer keep it waiting.
        Terminal terminal = TerminalBuilder.builder().system(true).encoding(StandardCharsets.UTF_8)
                .graphemeCluster(false).build();
        return new TerminalConsole(terminal, historyFile(), ChatVerb.commands());
    }

    /** Whether standard input and output both are one. */
    private static boolean isTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            // On Java 22 and later there may be a console which is none.
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }

    private Path historyFile() throws IOException {
        if (noHistory) {
            return null;
        }
        if (history != null) {
            return ChatHistory.make(history);
        }
        try {
            return ChatHistory.make(ChatHistory.file(System::getenv, Path.of(System.getProperty("user.home"))));
        } catch (IOException e) {
            System.err.println("rwkv: no history is kept: " + Main.message(e) + "; --history names another file");
            return null;
        }
    }
}
