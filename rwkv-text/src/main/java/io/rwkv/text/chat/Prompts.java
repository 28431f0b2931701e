package io.rwkv.text.chat;

/** Prompts for single tasks, in the forms that RWKV models were trained with. They are continued as any other text. */
public final class Prompts {
    /** The mark of {@link #fillInTheMiddle}; the text that is filled in ends before it, so it is a stop string. */
    public static final String FILL_MARK = "✿";

    private Prompts() {
    }

    /**
     * A prompt to fill in what stands between two texts, for RWKV-7 G1. Nothing is cleaned. Give {@link #FILL_MARK} to the request as
     * a stop string.
     */
    public static String fillInTheMiddle(String prefix, String suffix) {
        return FILL_MARK + "prefix" + FILL_MARK + FILL_MARK + "suffix" + FILL_MARK + suffix + FILL_MARK + "middle"
                + FILL_MARK + prefix;
    }

    /** A question about a text. Both are cleaned as {@link PromptTemplate#clean} does, so that empty lines part them only. */
    public static String question(String text, String question) {
        return PromptTemplate.WORLD.clean(text) + "\n\nQuestion: " + PromptTemplate.WORLD.clean(question) + " Answer:";
    }

    /**
     * An instruction and what it is about, for World models. Both are cleaned as {@link PromptTemplate#clean} does.
     *
     * @param input what the instruction is about; blank for none: then the instruction is a user's turn
     */
    public static String instruction(String instruction, String input) {
        String what = PromptTemplate.WORLD.clean(instruction);
        String about = PromptTemplate.WORLD.clean(input);
        return about.isEmpty()
                ? "User: " + what + "\n\nAssistant:"
                : "Instruction: " + what + "\n\nInput: " + about + "\n\nResponse:";
    }
}
