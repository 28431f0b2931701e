package io.rwkv.text.sampling;

/**
 * Says which tokens may come next in one text, whatever the model finds likely. A generation asks it before each token is chosen,
 * and then tells it the choice. For one text and one thread, so it may remember what was chosen.
 *
 * <p>It only deals with text. Tokens that end a text (the end-of-text token, stop tokens) are none of its business: the generation
 * allows them where {@link #mayEnd()} says so, and nowhere else.
 */
public interface Constraint {
    /**
     * Forbids tokens, by setting their logits to −∞. The other logits stay as they are.
     *
     * @param logits [vocabulary]: finite numbers or −∞
     */
    void restrict(float[] logits);

    /**
     * Notes that a token was chosen and is now part of the text.
     *
     * @param token one that {@link #restrict} did not forbid
     */
    void accept(int token);

    /** Whether the text may end here. */
    boolean mayEnd();

    /** Whether anything may follow. Once it may not, the text ends at once. */
    boolean mayContinue();
}
