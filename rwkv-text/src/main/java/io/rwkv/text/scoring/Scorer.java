package io.rwkv.text.scoring;

import io.rwkv.core.RwkvModel;
import io.rwkv.loader.Tokenizers;
import io.rwkv.text.ReadProgress;
import io.rwkv.text.internal.TextList;
import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.IntFunction;

/**
 * Says how likely a model finds given texts, token by token. Texts may be of any length, and several are read together; neither
 * needs memory for tokens · vocabulary. Safe for any number of threads. Does not own the model: the caller closes it.
 *
 * <p><b>Where a text begins.</b> By default each text, or its prompt, is read after the tokenizer's end-of-text token, so that its
 * first token has a log-probability. If the tokenizer has none, or {@link ScoringOptions#afterEndOfText()} is false, the first
 * token of a text is context and not among the scored ones.
 *
 * <p><b>Where a continuation begins.</b> Prompt and continuation are encoded each on its own, so no token belongs to both: what
 * is scored are exactly the continuation's own tokens. Put the space between words where the tokenizer has it, mostly at the
 * beginning of the continuation: {@code "Paris is in"}, {@code " France"}. The tokens of the joined text may be others.
 *
 * <p>Names of special tokens in texts and prompts, such as {@code "<|endoftext|>"}, are read as ordinary characters. All methods
 * throw
 * <ul>
 * <li>{@link IllegalArgumentException} if a text or continuation has no tokens, or if there is nothing before its first token:
 * for a text of one token or an empty prompt, where no end-of-text token is read. The message names it, and nothing was computed;
 * <li>{@link ArithmeticException} if a log-probability is NaN: the model is broken; the message names the text;
 * <li>{@link IllegalStateException} if the model is closed.
 * </ul>
 */
public final class Scorer {
    private final RwkvModel model;
    private final Tokenizer tokenizer;
    private final ScoringOptions options;
    private final int[] beginning; // what all texts and prompts are read after

    /**
     * Makes a scorer with {@link ScoringOptions#defaults()}.
     *
     * @param model is not closed by this class
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model
     */
    public Scorer(RwkvModel model, Tokenizer tokenizer) {
        this(model, tokenizer, ScoringOptions.defaults());
    }

    /**
     * Makes a scorer.
     *
     * @param model is not closed by this class
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model
     */
    public Scorer(RwkvModel model, Tokenizer tokenizer, ScoringOptions options) {
        this.model = Objects.requireNonNull(model, "model");
        this.tokenizer = Objects.requireNonNull(tokenizer, "tokenizer");
        this.options = Objects.requireNonNull(options, "options");
        Tokenizers.checkFits(tokenizer, model.config());
        OptionalInt endOfText = options.afterEndOfText() ? tokenizer.endOfText() : OptionalInt.empty();
        beginning = endOfText.stream().toArray();
    }

    /** The options. */
    public ScoringOptions options() {
        return options;
    }

    /** Scores a text. */
    public Score score(String text) {
        return ScoredText.scoreAll(model, List.of(text(text, "text"))).get(0);
    }

    /**
     * Scores several texts, which takes less time than one after the other.
     *
     * @param texts none or more; none may be null
     * @return a score for each text, in order: a new list. Up to rounding, each is that of the text alone
     */
    public List<Score> score(List<String> texts) {
        List<ScoredText> all = new ArrayList<>();
        for (String text : texts) {
            all.add(text(text, TextList.name("texts", all.size())));
        }
        return ScoredText.scoreAll(model, all);
    }

    /** Scores a continuation of a prompt; the prompt's own tokens are context. */
    public Score score(String prompt, String continuation) {
        int[] context = context(prompt, "prompt");
        int[] tokens = TextList.encode(tokenizer, continuation, "continuation");
        return ScoredText.scoreAll(model, List.of(continuation("continuation", context, tokens))).get(0);
    }

    /**
     * Scores several continuations of one prompt, which is read once: to choose among answers, for instance.
     *
     * @param continuations none or more; none may be null
     * @return a score for each continuation, in order: a new list
     */
    public List<Score> score(String prompt, List<String> continuations) {
        List<int[]> context = List.of(context(prompt, "prompt"));
        List<int[]> tokens = TextList.encode(tokenizer, continuations, "continuations");
        return new ForkedPrompts(model, context, null, tokens, "continuations").score((done, total) -> {}).get(0);
    }

    /**
     * Scores several continuations, each of a prompt of its own.
     *
     * @param prompts none may be null
     * @param continuations one for each prompt; none may be null
     * @return a score for each continuation, in order: a new list
     * @throws IllegalArgumentException also if there are more of one than of the other
     */
    public List<Score> score(List<String> prompts, List<String> continuations) {
        if (prompts.size() != continuations.size()) {
            throw new IllegalArgumentException("continuations: expected one for each of " + prompts.size()
                    + " prompts, found " + continuations.size());
        }
        List<int[]> tokens = TextList.encode(tokenizer, continuations, "continuations");
        List<ScoredText> all = new ArrayList<>();
        for (String prompt : prompts) {
            int i = all.size();
            all.add(continuation(TextList.name("continuations", i), context(prompt, TextList.name("prompts", i)),
                    tokens.get(i)));
        }
        return ScoredText.scoreAll(model, all);
    }

    /**
     * Says which of some labels is the likeliest continuation of a prompt, and how likely each is among them. The prompt is read
     * once.
     *
     * <pre>{@code
     * String label = scorer.classify("Great phone, weak battery.\nSentiment:", List.of(" positive", " negative")).best();
     * }</pre>
     *
     * @param labels at least one, each another text; copied
     * @throws IllegalArgumentException also if there is no label, or one of them twice
     * @throws ArithmeticException also if all labels are impossible
     */
    public Classification classify(String prompt, List<String> labels) {
        return classify(List.of(context(prompt, "prompt")), null, labels, (done, total) -> {}).get(0);
    }

    /**
     * The same for several prompts, which takes less time than one after the other.
     *
     * @param prompts none or more; none may be null
     * @return a classification for each prompt, in order: a new list. Up to rounding, each is that of the prompt alone
     */
    public List<Classification> classify(List<String> prompts, List<String> labels) {
        return classify(prompts, labels, (done, total) -> {});
    }

    /** The same, and tells how far the prompts are read. */
    public List<Classification> classify(List<String> prompts, List<String> labels, ReadProgress progress) {
        Objects.requireNonNull(progress, "progress");
        List<int[]> contexts = new ArrayList<>();
        for (String prompt : prompts) {
            contexts.add(context(prompt, TextList.name("prompts", contexts.size())));
        }
        return classify(contexts, i -> TextList.name("prompts", i), labels, progress);
    }

    private List<Classification> classify(List<int[]> contexts, IntFunction<String> names, List<String> given,
            ReadProgress progress) {
        List<String> labels = Collections.unmodifiableList(new ArrayList<>(given));
        List<int[]> tokens = TextList.encode(tokenizer, labels, "labels");
        Classification.checkLabels(labels);
        List<List<Score>> scores = new ForkedPrompts(model, contexts, names, tokens, "labels").score(progress);
        List<Classification> all = new ArrayList<>();
        for (List<Score> found : scores) {
            String name = names == null ? "" : names.apply(all.size()) + ": ";
            all.add(new Classification(name, labels, found, false));
        }
        return all;
    }

    private ScoredText text(String text, String name) {
        int[] tokens = TextList.encode(tokenizer, text, name);
        if (beginning.length > 0) {
            return continuation(name, beginning, tokens);
        }
        if (tokens.length == 1) {
            throw new IllegalArgumentException(name
                    + ": expected at least two tokens, found 1, which has nothing before it ("
                    + (options.afterEndOfText() ? "the tokenizer has no end-of-text token" : "afterEndOfText is false")
                    + ")");
        }
        return ScoredText.of(name, tokens, 1);
    }

    private int[] context(String prompt, String name) {
        int[] tokens = tokenizer.encodeOrdinary(Objects.requireNonNull(prompt, name));
        if (tokens.length + beginning.length == 0) {
            throw new IllegalArgumentException(name + ": expected at least one token, found none, and there is no "
                    + "end-of-text token before it");
        }
        return joined(beginning, tokens);
    }

    private static ScoredText continuation(String name, int[] context, int[] tokens) {
        return ScoredText.of(name, joined(context, tokens), context.length);
    }

    private static int[] joined(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
