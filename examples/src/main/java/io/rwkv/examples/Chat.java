package io.rwkv.examples;

import io.rwkv.core.RwkvState;
import io.rwkv.text.TextModel;
import io.rwkv.text.generation.GenerationOptions;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A conversation with an RWKV-7 (G1 or World) in its training's format, {@code User: …} and {@code Assistant: …} with an empty
 * line between. The state is the conversation's whole memory: what has been said is never read again.
 */
public final class Chat {
    private static final String NEXT_TURN = "\n\nUser:";

    private final TextModel rwkv;
    private final RwkvState state;
    private final GenerationOptions options = GenerationOptions.builder().maxTokens(500).topP(0.5)
            .stopStrings(NEXT_TURN).build();
    private final String assistant;
    private String turn = "User:"; // what leads the next message in

    /** @param think whether the model is to reason before it answers, as G1 models can */
    Chat(TextModel rwkv, boolean think) {
        this.rwkv = rwkv;
        this.state = rwkv.newState();
        this.assistant = think ? "\n\nAssistant: <think" : "\n\nAssistant:";
    }

    /** Prints the answer as it comes. */
    void say(String message) {
        // An empty line would end the turn.
        String prompt = turn + " " + message.strip().replaceAll("\\n\\s*\\n", "\n") + assistant;
        // The state then ends where the answer does: what ended it has left no trace, and leads the next message in.
        rwkv.request(prompt).options(options).state(state).run(System.out::print);
        System.out.println();
        turn = NEXT_TURN;
    }

    /** @param args a checkpoint, then optionally {@code --think} */
    public static void main(String[] args) throws IOException {
        if (args.length < 1) {
            System.err.println("usage: Chat CHECKPOINT [--think]   (its vocabulary file beside it)");
            System.exit(2);
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (TextModel rwkv = TextModel.open(Path.of(args[0]))) {
            Chat chat = new Chat(rwkv, args.length > 1 && args[1].equals("--think"));
            System.out.print("> ");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.isBlank()) {
                    chat.say(line);
                }
                System.out.print("> ");
            }
        }
    }
}
