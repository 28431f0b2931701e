package io.rwkv.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;

/** The {@code rwkv} command. Exit codes: 0 done, 1 failed, 2 wrong usage. */
@Command(name = "rwkv", description = "Runs RWKV language models.", mixinStandardHelpOptions = true, version = "rwkv 0.1.0-SNAPSHOT", synopsisSubcommandLabel = "COMMAND")
public final class Main {
    private static final List<Class<?>> COMMANDS = List.of(GenerateCommand.class, EmbedCommand.class,
            LogitsCommand.class, TokenizeCommand.class, SampleCommand.class, InfoCommand.class, ConvertCommand.class,
            BenchCommand.class, ChatCommand.class);

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show the stack of an error.")
    private boolean debug;

    private Main() {
    }

    /** Runs the command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.setOut(new PrintStream(System.out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(System.err, true, StandardCharsets.UTF_8));
        System.exit(run(args));
    }

    static int run(String... args) {
        Main main = new Main();
        CommandLine line = new CommandLine(main);
        commands(args).forEach(line::addSubcommand);
        line.setExecutionExceptionHandler((e, failed, parsed) -> {
            if (main.debug) {
                e.printStackTrace();
            } else {
                System.err.println("rwkv: " + message(e));
            }
            // What the library says of a value that it was given.
            return e instanceof IllegalArgumentException
                    ? failed.getCommandSpec().exitCodeOnInvalidInput()
                    : failed.getCommandSpec().exitCodeOnExecutionException();
        });
        line.setParameterExceptionHandler((e, a) -> {
            System.err.println("rwkv: " + message(e) + " (see rwkv "
                    + (e.getCommandLine().getCommandName().equals("rwkv")
                            ? ""
                            : e.getCommandLine().getCommandName() + " ")
                    + "--help)");
            return e.getCommandLine().getCommandSpec().exitCodeOnInvalidInput();
        });
        line.setExpandAtFiles(false);
        try {
            int code = line.execute(args);
            if (code == 0 && System.out.checkError()) {
                System.err.println("rwkv: cannot write to standard output");
                return 1;
            }
            return code;
        } catch (OutOfMemoryError | LinkageError | InternalError e) {
            // Picocli hands only exceptions to its handler.
            if (main.debug) {
                e.printStackTrace();
            } else {
                System.err.println("rwkv: " + message(e));
            }
            return 1;
        }
    }

    /** The command that is named first, else all: Picocli takes some 20 ms to set each up. */
    private static List<Class<?>> commands(String[] args) {
        return COMMANDS.stream()
                .filter(command -> args.length > 0 && command.getAnnotation(Command.class).name().equals(args[0]))
                .findFirst()
                .map(List::<Class<?>>of)
                .orElse(COMMANDS);
    }

    /** One line, whatever went wrong. */
    static String message(Throwable e) {
        String text = e instanceof NoSuchFileException missing && missing.getReason() == null
                ? "no such file: " + e.getMessage()
                : e instanceof AccessDeniedException
                        ? "access denied: " + e.getMessage()
                        : e.getMessage() == null ? e.toString() : e.getMessage();
        return text.lines().findFirst().orElse(e.toString());
    }
}
