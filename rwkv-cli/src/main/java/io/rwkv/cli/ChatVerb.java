package io.rwkv.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The commands of a chat: lines that begin with a slash. */
enum ChatVerb {
    /** Changes or shows the system's text. */
    SYSTEM("[TEXT | -]", "what the conversation is about; it is read again. - for none"),
    /** Changes or shows the mode of thinking. */
    THINK("[MODE]", "think first: none, short, normal, long, unhinted, skipped"),
    /** Takes turns back. */
    UNDO("[N]", "take back the last turn, or the last N"),
    /** Replies again. */
    REGEN("", "another answer to the last message"),
    /** Saves the conversation. */
    SAVE("[FILE]", "save the conversation"),
    /** Goes on with a saved one. */
    LOAD("FILE", "go on with a saved conversation"),
    /** Begins anew. */
    RESET("", "forget the conversation; the system's text stays"),
    /** Counts tokens. */
    TOKENS("", "how many tokens the model has read"),
    /** Changes whether speed is shown. */
    STATS("[on|off]", "tokens and speed after each answer"),
    /** Shows this list. */
    HELP("", "this list"),
    /** Ends the chat. */
    EXIT("", "end the chat, as Ctrl-D does");

    private static final int COLUMN = 20;

    private final String argument;
    private final String help;

    ChatVerb(String argument, String help) {
        this.argument = argument;
        this.help = help;
    }

    /** As it is typed. */
    String command() {
        return "/" + name().toLowerCase(Locale.ROOT);
    }

    /** All as they are typed. */
    static List<String> commands() {
        return Arrays.stream(values()).map(ChatVerb::command).toList();
    }

    /** @throws IllegalArgumentException if there is none */
    static ChatVerb of(String command) {
        return Arrays.stream(values()).filter(verb -> verb.command().equals(command)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(command
                        + ": no such command; /help lists them. A message that begins with / is written with //"));
    }

    /** @throws IllegalArgumentException if something follows a command that takes nothing, or nothing one that needs something */
    void check(String given) {
        if (argument.isEmpty() && !given.isEmpty()) {
            throw new IllegalArgumentException(command() + ": expected nothing after it, found " + given);
        }
        if (!argument.isEmpty() && !argument.startsWith("[") && given.isEmpty()) {
            throw new IllegalArgumentException(command() + ": expected " + argument + " after it, found nothing");
        }
    }

    /** What can be typed. */
    static String help() {
        return Arrays.stream(values()).map(verb -> {
            String usage = verb.command() + (verb.argument.isEmpty() ? "" : " " + verb.argument);
            return usage + " ".repeat(Math.max(1, COLUMN - usage.length())) + verb.help;
        }).collect(Collectors.joining("\n"))
                + "\nA line that ends in \\ goes on in the next one; Alt-Enter breaks a line, too."
                + "\nA message that begins with a slash is written with two. Ctrl-C stops an answer.";
    }
}
