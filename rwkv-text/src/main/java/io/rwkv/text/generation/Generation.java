package io.rwkv.text.generation;

/**
 * What a call of {@link TextGenerator} came to.
 *
 * @param text the new text, without the prompt and without what ended it
 * @param promptTokens the number of tokens read before the first new one
 * @param generatedTokens the number of tokens chosen, that which ended the text included
 * @param promptNanos time spent reading the prompt, in nanoseconds
 * @param generationNanos time from then on, in nanoseconds, the caller's handling of the text included
 * @param reason why it ended
 */
public record Generation(String text, int promptTokens, int generatedTokens, long promptNanos, long generationNanos,
        Reason reason) {
    /** Why a generation ended. */
    public enum Reason {
        /** The most tokens asked for have been generated. */
        MAX_TOKENS,
        /** The tokenizer's end-of-text token or one of the stop tokens was chosen. */
        STOP_TOKEN,
        /** A stop string appeared. */
        STOP_STRING,
        /** The caller wanted no more. */
        CANCELLED
    }

    /** Generated tokens per second, the prompt not counted; 0 if none was generated. */
    public double tokensPerSecond() {
        return generationNanos == 0 ? 0 : generatedTokens * 1e9 / generationNanos;
    }
}
