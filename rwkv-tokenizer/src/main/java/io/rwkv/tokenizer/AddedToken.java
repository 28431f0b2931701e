package io.rwkv.tokenizer;

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
        boolean normalized, boolean special) {}
