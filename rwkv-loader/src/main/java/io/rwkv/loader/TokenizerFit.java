package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.tokenizer.Tokenizer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;

/** Whether a tokenizer can be that of a model. */
final class TokenizerFit {
    private static final Logger LOG = LoggerFactory.getLogger(TokenizerFit.class);
    /** Which sizes of models have been checked with a tokenizer, so that each pair is reported once. */
    private static final Map<Tokenizer, Set<Integer>> CHECKED = Collections.synchronizedMap(new WeakHashMap<>());

    private TokenizerFit() {
    }

    /**
     * Warns of a tokenizer that leaves more of the model's rows unused than padding does, once for each pair.
     *
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model
     */
    static void check(Tokenizer tokenizer, RwkvConfig config) {
        int rows = config.vocabularySize();
        if (tokenizer.vocabularySize() > rows) {
            throw new IllegalArgumentException("tokenizer: expected at most the model's " + rows + " tokens, found "
                    + tokenizer.vocabularySize());
        }
        if (!CHECKED.computeIfAbsent(tokenizer, t -> Collections.synchronizedSet(new HashSet<>())).add(rows)) {
            return;
        }
        int tokens = tokens(tokenizer);
        if (rows - tokens > PublishedVocabulary.MOST_SPARE_ROWS) {
            LOG.warn(
                    "the tokenizer has {} tokens and the model {}: {} of the model's stand for nothing. The tokenizer is "
                            + "probably another model's, and then texts and results are meaningless; models of this size "
                            + "mostly have {}",
                    tokens, rows, rows - tokens, PublishedVocabulary.usualName(rows));
        }
    }

    /** The ids that have a token; special ones do, and gaps do not. */
    private static int tokens(Tokenizer tokenizer) {
        int tokens = 0;
        int[] one = new int[1];
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            one[0] = id;
            tokens += tokenizer.decodeBytes(one).length > 0 ? 1 : 0;
        }
        return tokens;
    }
}
