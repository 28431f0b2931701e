package io.rwkv.cli;

import org.jline.keymap.KeyMap;
import org.jline.reader.Binding;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReader.Option;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.Reference;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStyle;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * A chat on a terminal, with line editing and history. A line that ends in a backslash goes on in the next one, Alt-Enter and pasting
 * give line breaks, too. Ctrl-C stops a reply, or takes back the line.
 */
final class TerminalConsole implements ChatConsole {
    private static final String PROMPT = "> ";
    private static final String PROMPT_OF_MORE = "  ";
    private static final AttributedStyle DIM = AttributedStyle.DEFAULT.faint();

    private final Terminal terminal;
    private final LineReader reader;
    private final boolean canDim;
    private boolean shown; // something since the last line was read
    private boolean thinking;
    private boolean greeted;

    /**
     * @param terminal is closed with this
     * @param history where lines are kept for the next chat; null for nowhere
     * @param commands to complete with the tabulator
     */
    TerminalConsole(Terminal terminal, Path history, List<String> commands) {
        this.terminal = terminal;
        this.canDim = !terminal.getType().startsWith(Terminal.TYPE_DUMB);
        terminal.handle(Signal.INT, signal -> {}); // one that comes too late must not end the chat
        LineReaderBuilder builder = LineReaderBuilder.builder().terminal(terminal).appName("rwkv")
                .parser(WholeLine::new)
                .completer((in, line, candidates) -> commands.stream()
                        .filter(command -> line.line().startsWith("/") && command.startsWith(line.line()))
                        .map(Candidate::new).forEach(candidates::add))
                .option(Option.DISABLE_EVENT_EXPANSION, true) // else "!" would be a command
                .option(Option.INSERT_TAB, false)
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, PROMPT_OF_MORE);
        if (history != null) {
            builder.variable(LineReader.HISTORY_FILE, history);
        }
        reader = builder.build();
        reader.getWidgets().put("chat-enter", this::enter);
        reader.getWidgets().put("chat-line-break", this::lineBreak);
        KeyMap<Binding> keys = reader.getKeyMaps().get(LineReader.MAIN);
        keys.bind(new Reference("chat-enter"), "\r", "\n");
        keys.bind(new Reference("chat-line-break"), KeyMap.alt('\r'), KeyMap.alt('\n'));
    }

    /** The backslash goes at once, so that one in a pasted text stays what it is. */
    private boolean enter() {
        int end = reader.getBuffer().length();
        if (reader.getBuffer().cursor() == end && end > 0 && reader.getBuffer().atChar(end - 1) == '\\') {
            reader.getBuffer().backspace();
            return lineBreak();
        }
        reader.callWidget(LineReader.ACCEPT_LINE);
        return true;
    }

    private boolean lineBreak() {
        reader.getBuffer().write('\n');
        return true;
    }

    @Override
    public String read() {
        if (!greeted) {
            note("/help lists commands");
            greeted = true;
        }
        if (shown) {
            terminal.writer().println();
            shown = false;
        }
        while (true) {
            try {
                return reader.readLine(PROMPT);
            } catch (UserInterruptException e) {
                if (e.getPartialLine().isEmpty()) {
                    show("Ctrl-D or /exit ends the chat.\n", DIM);
                    shown = false;
                }
            } catch (EndOfFileException e) {
                return null;
            }
        }
    }

    @Override
    public <T> T interruptible(Function<BooleanSupplier, T> reply) {
        AtomicBoolean stopped = new AtomicBoolean();
        SignalHandler before = terminal.handle(Signal.INT, signal -> stopped.set(true));
        Attributes echoing = terminal.getAttributes();
        Attributes silent = new Attributes(echoing);
        silent.setLocalFlag(LocalFlag.ECHO, false); // what is typed meanwhile is shown when it is read
        terminal.setAttributes(silent);
        try {
            return reply.apply(stopped::get);
        } finally {
            terminal.setAttributes(echoing);
            terminal.handle(Signal.INT, before);
        }
    }

    @Override
    public void thought(String piece) {
        if (!thinking && !canDim) {
            show("(thought) ", AttributedStyle.DEFAULT);
        }
        thinking = true;
        show(piece, DIM);
    }

    @Override
    public void answer(String piece) {
        if (thinking) {
            show(canDim ? "\n\n" : "\n\n(answer) ", AttributedStyle.DEFAULT);
            thinking = false;
        }
        show(piece, AttributedStyle.DEFAULT);
    }

    @Override
    public void endReply() {
        show("\n", AttributedStyle.DEFAULT);
        thinking = false;
    }

    @Override
    public void print(String lines) {
        show(lines + "\n", AttributedStyle.DEFAULT);
    }

    @Override
    public void note(String line) {
        show("[" + line + "]\n", DIM);
    }

    @Override
    public void failed(Exception e) {
        show(Main.message(e) + "\n", AttributedStyle.DEFAULT);
    }

    private void show(String text, AttributedStyle style) {
        String safe = Printable.of(text);
        terminal.writer().print(style == AttributedStyle.DEFAULT
                ? safe
                : new AttributedString(safe, style).toAnsi(terminal));
        terminal.flush();
        shown = true;
    }

    @Override
    public void close() throws IOException {
        terminal.close();
    }
}
