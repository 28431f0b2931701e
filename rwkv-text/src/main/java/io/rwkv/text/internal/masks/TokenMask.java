package io.rwkv.text.internal.masks;

import java.util.Arrays;
import java.util.function.IntConsumer;

/** A set of tokens that may come next. Immutable, and safe for any number of threads. */
public final class TokenMask {
    /** Of so many tokens at most, a list is both smaller and quicker than bits. */
    private static final int FEW_PER = 64;

    private final int vocabulary;
    private final boolean beyond; // whether higher ids are allowed
    private final int count;
    private final int[] few; // ids ascending, allowed or forbidden; null for bits
    private final boolean fewForbidden;
    private final long[] bits; // [vocabulary / 64], set where allowed; null for a list

    /**
     * Takes a set of tokens.
     *
     * @param bits one bit for each token, set where allowed; may be used further
     * @param vocabulary how many tokens there are
     * @param beyond whether higher ids are allowed; checkpoints are padded with spare rows
     */
    public TokenMask(long[] bits, int vocabulary, boolean beyond) {
        this.vocabulary = vocabulary;
        this.beyond = beyond;
        int set = 0;
        for (long word : bits) {
            set += Long.bitCount(word);
        }
        count = set;
        int rare = Math.min(count, vocabulary - count);
        if (rare <= vocabulary / FEW_PER) {
            fewForbidden = rare < count;
            few = new int[rare];
            long flip = fewForbidden ? -1 : 0;
            for (int word = 0, at = 0; at < rare; word++) {
                for (long left = bits[word] ^ flip; left != 0 && at < rare; left &= left - 1) {
                    few[at++] = 64 * word + Long.numberOfTrailingZeros(left);
                }
            }
            this.bits = null;
        } else {
            fewForbidden = false;
            few = null;
            this.bits = bits.clone();
        }
    }

    /** The length of an array with one bit for each token. */
    public static int words(int vocabulary) {
        return (vocabulary + 63) / 64;
    }

    /** How many tokens of the vocabulary are allowed. */
    public int count() {
        return count;
    }

    /** Whether a token, which may be any number, is allowed. */
    public boolean allows(int token) {
        if (token < 0 || token >= vocabulary) {
            return beyond;
        }
        return few != null
                ? Arrays.binarySearch(few, token) >= 0 != fewForbidden
                : (bits[token >> 6] >>> token & 1) != 0;
    }

    /** Gives each token of the vocabulary that is not allowed, in ascending order. Allocates nothing. */
    public void forEachForbidden(IntConsumer action) {
        if (few != null && fewForbidden) {
            for (int id : few) {
                action.accept(id);
            }
            return;
        }
        for (int id = 0; id < vocabulary; id++) {
            if (!allows(id)) {
                action.accept(id);
            }
        }
    }

    /** Sets the logits of all other tokens to −∞. Allocates nothing. */
    public void apply(float[] logits) {
        int known = Math.min(vocabulary, logits.length);
        if (few == null) {
            applyBits(logits, known);
        } else if (fewForbidden) {
            for (int i = 0; i < few.length && few[i] < known; i++) {
                logits[few[i]] = Float.NEGATIVE_INFINITY;
            }
        } else {
            int from = 0;
            for (int i = 0; i < few.length && few[i] < known; i++) {
                Arrays.fill(logits, from, few[i], Float.NEGATIVE_INFINITY);
                from = few[i] + 1;
            }
            Arrays.fill(logits, from, known, Float.NEGATIVE_INFINITY);
        }
        if (!beyond) {
            Arrays.fill(logits, known, logits.length, Float.NEGATIVE_INFINITY);
        }
    }

    private void applyBits(float[] logits, int known) {
        for (int from = 0; from < known; from += 64) {
            long forbidden = ~bits[from >> 6];
            if (forbidden == -1) {
                Arrays.fill(logits, from, Math.min(from + 64, known), Float.NEGATIVE_INFINITY);
                continue;
            }
            while (forbidden != 0) {
                int id = from + Long.numberOfTrailingZeros(forbidden);
                if (id < known) {
                    logits[id] = Float.NEGATIVE_INFINITY;
                }
                forbidden &= forbidden - 1;
            }
        }
    }

    /** About how many bytes of memory it takes. */
    public long bytes() {
        return 64 + (few != null ? 4L * few.length : 8L * bits.length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenMask mask && vocabulary == mask.vocabulary && beyond == mask.beyond
                && count == mask.count
                && fewForbidden == mask.fewForbidden && Arrays.equals(few, mask.few) && Arrays.equals(bits, mask.bits);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(few) + Arrays.hashCode(bits);
    }
}
