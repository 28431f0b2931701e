package io.rwkv.text.chat;

/** A reply calls a tool, but not in a way that can be understood. Nothing of it is guessed; the message says what is wrong. */
public final class ToolCallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String text;

    ToolCallException(String text, String problem) {
        super("call of a tool: " + problem);
        this.text = text;
    }

    /** What the model wrote in place of the call. */
    public String text() {
        return text;
    }
}
