package io.rwkv.text.chat;

/** A call of a tool, as the model has written it. Immutable and safe for any number of threads. */
public final class ToolCall {
    private final String name;
    private final String arguments;

    ToolCall(String name, String arguments) {
        this.name = name;
        this.arguments = arguments;
    }

    /** The name of one of the tools that were declared. */
    public String name() {
        return name;
    }

    /**
     * The arguments: a JSON object, well-formed, no name twice, on one line, in the order in which the model wrote it. Whether they are
     * those that the tool takes is for the tool to check.
     */
    public String arguments() {
        return arguments;
    }

    @Override
    public String toString() {
        return name + arguments;
    }
}
