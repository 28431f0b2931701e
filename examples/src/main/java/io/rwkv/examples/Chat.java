package io.rwkv.examples;

import io.rwkv.text.TextModel;
import io.rwkv.text.chat.ChatReply;
import io.rwkv.text.chat.ChatSession;
import io.rwkv.text.chat.Thinking;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A conversation that is saved after each answer, and goes on when the program is started again. An empty line takes the last turn
 * back.
 */
public final class Chat {
    private Chat() {
    }

    /** Prints the answer as it comes, and saves the conversation. */
    private static void say(ChatSession session, String text, Path file) throws IOException {
        ChatReply reply = session.message(text).onThought(System.err::print).run(System.out::print);
        System.out.println(reply.complete() ? "" : " …");
        session.save(file);
    }

    /** @param args a checkpoint of the G1, World or Raven family, a file for the conversation, then optionally {@code --think} */
    public static void main(String[] args) throws IOException {
        if (args.length < 2) {
            System.err
                    .println("usage: Chat CHECKPOINT SESSION [--think]   (the vocabulary file beside the checkpoint)");
            System.exit(2);
        }
        Path file = Path.of(args[1]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (TextModel rwkv = TextModel.open(Path.of(args[0]))) {
            ChatSession session = Files.exists(file) ? rwkv.resume(file) : rwkv.chat().open();
            if (args.length > 2 && args[2].equals("--think")) {
                session.thinking(Thinking.SHORT);
            }
            System.out.println(session.text());
            System.out.print("> ");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.isBlank()) {
                    say(session, line, file);
                } else if (!session.turns().isEmpty()) {
                    System.out.println("taken back: " + session.undo().message().text());
                }
                System.out.print("> ");
            }
        }
    }
}
