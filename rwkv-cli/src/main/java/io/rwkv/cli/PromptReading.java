package io.rwkv.cli;

/**
 * The time until the first new text: prints the prompt before it, and shows how far a long prompt is read. For one thread.
 */
final class PromptReading implements AutoCloseable {
    /** {@link io.rwkv.text.generation.Generation.Request#cancelledWhen} is asked before each piece of so many tokens. */
    private static final int PIECE = 512;

    private final int tokens;
    private final String echo;
    private final Progress progress;
    private long read;
    private boolean over;

    /**
     * @param tokens how many the prompt has
     * @param echo printed at once, or after a long prompt has been read, since until then its progress may stand on the same
     * terminal
     */
    PromptReading(int tokens, String echo) {
        this.tokens = tokens;
        this.echo = echo;
        this.progress = tokens > PIECE ? Progress.of("reading", "tokens") : Progress.NONE;
        if (tokens <= PIECE) {
            ended();
        }
    }

    /** Before each piece of the prompt, and before each new token. */
    void goesOn() {
        if (read >= tokens) {
            ended();
        } else {
            progress.report(read, tokens);
            read += PIECE;
        }
    }

    /** When there is new text. May come several times. */
    void ended() {
        if (!over) {
            over = true;
            progress.close();
            System.out.print(echo);
            System.out.flush();
        }
    }

    @Override
    public void close() {
        ended();
    }
}
