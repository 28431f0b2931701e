package io.rwkv.text.internal;

import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TokenLogProbabilities;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * One text under way, without a model: it says which tokens the state has to read next, chooses from the logits that come of it,
 * and gives the text that is certain. Whoever drives it calls the model, for one sequence or for many at once:
 *
 * <pre>
 * while (reason() == null) {
 *     text(endIfDue(interruption));
 *     if (reason() == null) {
 *         int[] tokens = next(most);
 *         if (tokens.length > 0) { read them; moved(); }
 *         if (choosing()) text(choose(logits));
 *     }
 * }
 * for (tokens = next(most); tokens.length > 0; tokens = next(most)) { read them; moved(); }
 * </pre>
 *
 * Once it has ended, the second loop takes the state to where the text ends. For one thread at a time.
 */
public final class GenerationSequence {
    private static final int[] NONE = {};

    private final GenerationOptions options;
    private final OptionalInt endOfText;
    private final int[] prompt;
    private final RwkvState state;
    private final boolean kept;
    private final Sampler sampler;
    private final Restriction restriction; // null if every token may follow
    private final List<TokenLogProbabilities> logProbabilities = new ArrayList<>();
    private final TextTrail trail;
    private final int[] one = new int[1];
    private int promptRead;
    private int generated;
    private int[] next = NONE; // given out by next(), not yet read
    private boolean choosing;
    private int[] settling; // once ended: what is left to read
    private Reason reason;

    /**
     * Begins a text.
     *
     * @param prompt not copied
     * @param state what the tokens are read into; the driver moves it, this class only takes it back
     * @param kept whether anyone wants the state afterwards; if not, nothing is done to bring it to where the text ends
     */
    public GenerationSequence(Tokenizer tokenizer, int[] prompt, RwkvState state, boolean kept,
            GenerationOptions options) {
        this.options = options;
        this.endOfText = options.stopAtEndOfText() ? tokenizer.endOfText() : OptionalInt.empty();
        this.prompt = prompt;
        this.state = Objects.requireNonNull(state, "state");
        this.kept = kept;
        this.sampler = options.newSampler(tokenizer);
        this.restriction = options.constraint().map(constraint -> new Restriction(
                Objects.requireNonNull(constraint.apply(tokenizer), "constraint: the function gave null"), endOfText,
                options.stopTokens())).orElse(null);
        this.trail = new TextTrail(tokenizer, options.stopStrings(), options.trimEnd() && restriction == null);
    }

    /** Notes that the state has read the first tokens of the prompt before this began. */
    public void skip(int tokens) {
        promptRead = Objects.checkIndex(tokens, prompt.length + 1);
    }

    /** Why the text has ended; null until then. */
    public Reason reason() {
        return reason;
    }

    /** How many tokens of the prompt the state has read. */
    public int promptRead() {
        return promptRead;
    }

    /** How many tokens of the prompt are still to be read. */
    public int promptLeft() {
        return prompt.length - promptRead;
    }

    /** How many tokens were chosen. */
    public int generated() {
        return generated;
    }

    /** All text that is certain. */
    public String text() {
        return trail.text();
    }

    /** The tokens of {@link #text()}; once ended, what a kept state has read after the prompt. */
    public int[] tokens() {
        return trail.tokens();
    }

    /** Of each token that was chosen, if the options ask for that. */
    public List<TokenLogProbabilities> logProbabilities() {
        return logProbabilities;
    }

    /**
     * Between two tokens, or two pieces of the prompt: ends the text if nothing may follow, or if the driver wants an end.
     *
     * @param interruption asked where something may follow: why it is to end now, or null
     * @return the text that had been held back, if it ends here; often empty
     */
    public String endIfDue(Supplier<Reason> interruption) {
        if (reason == null) {
            reason = promptLeft() == 0 ? fullness() : null;
            if (reason == null) {
                reason = interruption.get();
            }
            if (reason != null) {
                return trail.cut();
            }
        }
        return "";
    }

    /** Why there can be no more tokens; null if there can. */
    private Reason fullness() {
        if (restriction != null && !restriction.mayContinue()) {
            return Reason.COMPLETE;
        }
        return generated == options.maxTokens() ? Reason.MAX_TOKENS : null;
    }

    /** Ends the text where the driver has got to, if it has not ended; what is held back is dropped. */
    public void stop() {
        if (reason == null) {
            reason = Reason.CANCELLED;
        }
    }

    /**
     * The tokens that the state has to read next: a piece of the prompt, or the token chosen last; once ended, what is missing for
     * the state to end where the text does. The array is not changed until {@link #moved}, and belongs to this object.
     *
     * @param most the longest piece to give, at least 1
     * @return none after the prompt, where a token is chosen at once, and at the end
     */
    public int[] next(int most) {
        choosing = false;
        if (reason != null) {
            if (settling == null) {
                settling = kept ? trail.settle(state) : NONE;
            }
            next = settling.length <= most ? settling : Arrays.copyOf(settling, most);
        } else if (promptLeft() > 0) {
            next = Arrays.copyOfRange(prompt, promptRead, promptRead + Math.min(most, promptLeft()));
        } else if (trail.unread()) {
            if (kept) {
                trail.mark(state);
            }
            one[0] = trail.last();
            next = one;
        } else {
            next = NONE;
            choosing = true;
        }
        return next;
    }

    /** After the state has read what {@link #next} gave. */
    public void moved() {
        if (reason != null) {
            settling = Arrays.copyOfRange(settling, next.length, settling.length);
        } else if (promptLeft() > 0) {
            promptRead += next.length;
        } else {
            trail.advance();
            choosing = true;
        }
        next = NONE;
    }

    /** Whether a token is to be chosen now. */
    public boolean choosing() {
        return choosing;
    }

    /**
     * Chooses a token.
     *
     * @param logits [vocabulary], after the last token read; a constraint changes them
     * @return the text that is certain now; often empty
     * @throws ArithmeticException if the sampler refuses the logits
     * @throws IllegalStateException if the sampler returns an id that is not in the vocabulary, or if the constraint leaves none
     */
    public String choose(float[] logits) {
        choosing = false;
        int token = restrictAndChoose(logits);
        generated++;
        boolean end = endOfText.isPresent() && endOfText.getAsInt() == token || options.stopTokens().contains(token);
        if (restriction != null && !end) {
            restriction.accept(token);
        }
        String text = end ? trail.end() : trail.accept(token);
        if (trail.stopped()) {
            reason = Reason.STOP_STRING;
        } else if (end) {
            reason = restriction != null ? Reason.COMPLETE : Reason.STOP_TOKEN;
        }
        return text;
    }

    private int restrictAndChoose(float[] logits) {
        boolean noting = options.logProbabilities().isPresent();
        float[] before = logits; // the sampler does not change them
        if (restriction != null) {
            before = noting ? logits.clone() : null;
            restriction.apply(logits);
        }
        int token = choose(sampler, logits);
        if (noting) {
            note(before, token);
        }
        return token;
    }

    private void note(float[] logits, int token) {
        logProbabilities.add(TokenLogProbabilities.of(logits, token, options.logProbabilities().getAsInt()));
    }

    /** Has the sampler choose, and checks what it returns; throws as {@link #choose(float[])}. */
    public static int choose(Sampler sampler, float[] logits) {
        int token = sampler.choose(logits);
        if (token < 0 || token >= logits.length) {
            throw new IllegalStateException(
                    "sampler: expected a token from 0 to " + (logits.length - 1) + ", found " + token);
        }
        return token;
    }
}
