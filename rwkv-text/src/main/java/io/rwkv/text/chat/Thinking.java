package io.rwkv.text.chat;

/**
 * Whether a model writes down a thought before it answers. Only for templates with {@link PromptTemplate#thinking()}, such as
 * RWKV-7 G1's. A mode decides how the prompt opens the reply, and maybe adds a hint to the user's text.
 */
public enum Thinking {
    /** No thought is asked for: the prompt ends with the assistant's label. */
    NONE("", ""),
    /** A thought without a hint of how long: the prompt ends with {@code <think}. */
    UNHINTED("<think", ""),
    /** A short thought: as {@link #UNHINTED}, with {@code (think a bit)} after the user's text. For G1c and later. */
    SHORT("<think", " (think a bit)"),
    /** As {@link #UNHINTED}, with {@code (think)} after the user's text. For G1c and later. */
    NORMAL("<think", " (think)"),
    /** A long thought: as {@link #UNHINTED}, with {@code (think a lot)} after the user's text. For G1c and later. */
    LONG("<think", " (think a lot)"),
    /** An empty thought is put into the model's mouth, so that it answers at once: the prompt ends with {@code <think></think}. */
    SKIPPED("<think></think", ""),
    /** As {@link #SKIPPED}, with a line break within the thought. */
    SKIPPED_LINE("<think>\n</think", "");

    private final String begin;
    private final String hint;

    Thinking(String begin, String hint) {
        this.begin = begin;
        this.hint = hint;
    }

    /** What the prompt writes of the reply. */
    String begin() {
        return begin;
    }

    /** What follows the user's text. */
    String hint() {
        return hint;
    }
}
