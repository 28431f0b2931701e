package io.rwkv.tokenizer;

import java.util.Set;

/**
 * A token that is looked for in the text itself.
 *
 * @param singleWord matches only where no word character stands on either side
 * @param stripsLeft takes the white space before it
 * @param stripsRight takes the white space after it
 * @param normalized is looked for in the normalised text, in its own normalised form
 * @param special is looked for before those that are not, where two are looked for under the same text
 */
record AddedToken(int id, String content, boolean singleWord, boolean stripsLeft, boolean stripsRight,
        boolean normalized, boolean special) {
    private static final Set<String> OPTIONS = Set.of("id", "content", "single_word", "lstrip", "rstrip",
            "normalized", "special");

    /** Takes what stands in a {@code tokenizer.json}. */
    static AddedToken of(Json entry) throws TokenizerFormatException {
        entry.object(OPTIONS);
        return new AddedToken(entry.get("id").tokenId(), entry.get("content").string(),
                entry.get("single_word").bool(), entry.get("lstrip").bool(), entry.get("rstrip").bool(),
                entry.get("normalized").bool(), entry.get("special").bool());
    }
}
