package io.rwkv.text.serving;

import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.internal.GenerationAccess;
import io.rwkv.text.internal.GenerationSequence;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a cache knows of one prompt, and what it is to learn of it. For the scheduler's thread. */
final class Prefix {
    private static final Logger LOG = LoggerFactory.getLogger(Prefix.class);

    private final PrefixCache cache;
    private final int[] prompt;
    private final PrefixMatch match;
    private final int[] points;
    private int point; // the next of these
    private boolean failed;

    private Prefix(PrefixCache cache, int[] prompt) {
        this.cache = cache;
        this.prompt = prompt;
        this.match = cache.lookup(prompt);
        this.points = match.snapshotPoints();
    }

    /** Looks a request's prompt up. Null if the cache is of no help, being closed or short of memory. */
    static Prefix of(PrefixCache cache, Generation.Request request) {
        try {
            return new Prefix(cache, GenerationAccess.get().prompt(request));
        } catch (IllegalArgumentException e) { // a token that the model will refuse too
            throw e;
        } catch (RuntimeException | Error e) {
            warn(request.prompt().length, e);
            return null;
        }
    }

    private static void warn(int tokens, Throwable e) {
        LOG.warn("a prompt of {} tokens goes on without the prefix cache: {}", tokens, e.toString());
    }

    /** The state after {@link #length()} tokens; the task's own. */
    RwkvState state() {
        return match.state();
    }

    /** How many tokens of the prompt it has read. */
    int length() {
        return match.length();
    }

    /** Puts the logits of the whole prompt here, if they are known. */
    void logits(float[] to) {
        match.logits().ifPresent(logits -> System.arraycopy(logits, 0, to, 0, logits.length));
    }

    /** How many tokens there are until the next place of which the state should be stored, or the prompt's end. */
    int next(GenerationSequence sequence) {
        return point < points.length ? points[point] - sequence.promptRead() : sequence.promptLeft();
    }

    /**
     * After a piece of the prompt was read: stores the state where it should be.
     *
     * @param logits after the prompt's last token, once it is read
     */
    void read(GenerationSequence sequence, RwkvState state, float[] logits) {
        if (point == points.length || points[point] != sequence.promptRead()) {
            return;
        }
        point++;
        try {
            if (!failed) {
                cache.store(prompt, sequence.promptRead(), state, sequence.promptLeft() == 0 ? logits : null);
            }
        } catch (RuntimeException | Error e) { // the text does not depend on it
            failed = true;
            warn(prompt.length, e);
        }
    }
}
