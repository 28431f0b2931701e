package io.rwkv.cli;

import io.rwkv.text.chat.ChatReply;
import io.rwkv.text.chat.ChatRequest;
import io.rwkv.text.chat.ChatSession;
import io.rwkv.text.chat.ChatTurn;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.SamplingOptions;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;

/** A chat: takes lines from a console, gives them to the model or obeys them. */
final class ChatLoop {
    /** Goes on with a saved conversation. */
    @FunctionalInterface
    interface Resume {
        ChatSession from(Path file) throws IOException;
    }

    private final ChatConsole console;
    private final Resume resume;
    private final UnaryOperator<GenerationOptions> changes;
    private final Set<Path> own = new HashSet<>(); // files that may be replaced
    private ChatSession session;
    private Path file;
    private boolean stats;
    private int regenerations; // so many answers were wanted anew; never set back, or an earlier one would come again

    /** @param changes what the user wants else than the defaults, which depend on the mode of thinking */
    ChatLoop(ChatConsole console, UnaryOperator<GenerationOptions> changes, Resume resume, boolean stats) {
        this.console = console;
        this.changes = changes;
        this.resume = resume;
        this.stats = stats;
    }

    /** Takes lines until they end. */
    void run(ChatSession begun) throws IOException {
        session = begun;
        for (String line = console.read(); line != null; line = console.read()) {
            try {
                if (!obey(line)) {
                    return;
                }
            } catch (IOException | RuntimeException e) {
                console.failed(e);
            }
        }
    }

    /** A saved conversation, to go on with. */
    ChatSession load(Path from) throws IOException {
        ChatSession loaded = resume.from(from);
        file = from;
        own.add(from.toAbsolutePath().normalize());
        return loaded;
    }

    /** @return whether the chat goes on */
    private boolean obey(String line) throws IOException {
        if (line.isBlank()) {
            return true;
        }
        if (!line.startsWith("/") || line.startsWith("//")) {
            answer(session.message(line.startsWith("//") ? line.substring(1) : line));
            return true;
        }
        String[] parts = line.strip().split("\\s+", 2);
        ChatVerb verb = ChatVerb.of(parts[0]);
        String argument = parts.length > 1 ? parts[1] : "";
        verb.check(argument);
        switch (verb) {
            case SYSTEM -> system(argument);
            case THINK -> think(argument);
            case UNDO -> undo(argument);
            case REGEN -> regenerate();
            case SAVE -> save(argument);
            case LOAD -> {
                session = load(path(argument));
                showLoaded();
            }
            case RESET -> {
                session.rewind(0);
                file = null; // that of the conversation before
                console.note("a new conversation");
            }
            case TOKENS -> console.print(session.tokens().length + " tokens in " + turns(session.turns().size()));
            case STATS -> stats(argument);
            case HELP -> console.print(ChatVerb.help());
            case EXIT -> {
                return false;
            }
        }
        return true;
    }

    private void system(String text) {
        if (text.isEmpty()) {
            console.print(session.system().isEmpty() ? "(none)" : session.system());
        } else {
            session.system(text.equals("-") ? "" : text);
            console.note(text.equals("-") ? "no system text" : "the system text is changed");
        }
    }

    private void think(String mode) {
        if (!mode.isEmpty()) {
            session.thinking(ThinkingNames.of(mode));
        }
        console.print("thinking: " + ThinkingNames.name(session.thinking()));
    }

    private void undo(String count) {
        int turns = session.turns().size();
        int back = count.isEmpty() ? 1 : number(count);
        if (back < 1 || back > turns) {
            throw new IllegalArgumentException("/undo: expected 1 to " + turns + " turns to take back, found "
                    + (turns == 0 ? "no turn" : "" + back));
        }
        String first = session.turns().get(turns - back).message().text();
        session.rewind(turns - back);
        console.note("taken back: " + turns(back) + ", from \"" + first.lines().findFirst().orElse("") + "\" on");
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("/undo: expected a number, found " + text, e);
        }
    }

    private void regenerate() {
        if (session.turns().isEmpty()) {
            throw new IllegalStateException("/regen: expected a message to answer again, found none");
        }
        regenerations++;
        answer(session.regeneration().thinking(session.thinking()));
    }

    private void answer(ChatRequest asked) {
        ChatRequest request = asked.options(options(changes.apply(asked.options())));
        ChatReply reply = console.interruptible(stopped -> {
            try {
                return request.onThought(console::thought).cancelledWhen(stopped).run(console::answer);
            } finally {
                console.endReply();
            }
        });
        if (!reply.kept()) {
            console.note("stopped before the answer; the message is taken back");
            return;
        }
        reply.generation().ifPresent(generation -> told(reply, generation));
    }

    /** With the same seed, another answer would be the same one. */
    private GenerationOptions options(GenerationOptions wanted) {
        OptionalLong seed = wanted.sampling().map(SamplingOptions::seed).orElse(OptionalLong.empty());
        return regenerations == 0 || seed.isEmpty()
                ? wanted
                : wanted.toBuilder().seed(seed.getAsLong() + regenerations).build();
    }

    private void told(ChatReply reply, Generation generation) {
        String within = reply.endedInThought() ? " within the thought" : "";
        if (generation.reason() == Reason.CANCELLED) {
            console.note("stopped" + within);
        } else if (generation.reason() == Reason.MAX_TOKENS) {
            console.note("cut off" + within + " after " + generation.generatedTokens()
                    + " tokens; --max-tokens allows more");
        } else if (reply.endedInThought()) {
            console.note("ended within the thought");
        }
        if (stats) {
            console.note(String.format(Locale.ROOT, "read %d tokens in %.2f s, generated %d tokens at %.1f tokens/s",
                    generation.promptTokens(), generation.promptNanos() / 1e9, generation.generatedTokens(),
                    generation.tokensPerSecond()));
        }
    }

    private void save(String name) throws IOException {
        if (name.isEmpty() && file == null) {
            throw new IllegalArgumentException("/save: expected FILE after it, found nothing");
        }
        Path to = name.isEmpty() ? file : path(name);
        Path absolute = to.toAbsolutePath().normalize();
        if (Files.exists(to) && !own.contains(absolute)) {
            throw new FileAlreadyExistsException(to + ": there is such a file, and it is not this chat's");
        }
        session.save(to);
        own.add(absolute);
        file = to;
        console.note("saved: " + turns(session.turns().size()) + " in " + to);
    }

    /** As a shell would read it. */
    private static Path path(String name) {
        return name.startsWith("~/") ? Path.of(System.getProperty("user.home"), name.substring(2)) : Path.of(name);
    }

    private void showLoaded() {
        List<ChatTurn> turns = session.turns();
        console.note("loaded: " + turns(turns.size()) + (turns.isEmpty() ? "" : ", the last one:"));
        if (!turns.isEmpty()) {
            ChatTurn last = turns.get(turns.size() - 1);
            console.note(last.message().text());
            console.print(last.reply().text());
        }
    }

    private void stats(String value) {
        stats = switch (value) {
            case "" -> !stats;
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException("/stats: expected on or off, found " + value);
        };
        console.note("tokens and speed are " + (stats ? "shown" : "not shown"));
    }

    private static String turns(int count) {
        return count + (count == 1 ? " turn" : " turns");
    }
}
