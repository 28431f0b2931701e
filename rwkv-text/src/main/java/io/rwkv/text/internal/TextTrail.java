package io.rwkv.text.internal;

import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.StopStrings;
import io.rwkv.tokenizer.StreamingDecoder;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Arrays;
import java.util.Collection;

/**
 * The text that chosen tokens make, and the way back to any place in it that may yet become its end.
 *
 * <p>Text is <em>certain</em> once it cannot become part of a stop string or of a character that is never completed. A state
 * may read what is certain. Before it reads a token of which something is not, it is copied ({@link #mark}), once for
 * a run of such tokens; if the text then ends before what the state has read, it goes back to the copy and reads again what
 * belongs to the text ({@link #settle}). Most tokens are certain at once and cost nothing.
 */
final class TextTrail {
    /** After so many tokens beyond a copy, a newer one is made where that can be, to have less to read again. */
    private static final int LONG = 32;

    private final Tokenizer tokenizer;
    private final StreamingDecoder decoder;
    private final StopStrings stops;
    private final StringBuilder decoded = new StringBuilder();
    private int certain; // characters of decoded that have been given out

    private RwkvState copy; // made when first needed, used again and again
    private boolean marked; // whether it holds the state before the first of the tokens below
    private int[] tokens = new int[8]; // read since then
    private int[] starts = new int[8]; // where their text begins in decoded
    private int read;

    private int token; // the last one accepted, if it has not been read yet
    private int start;
    private boolean unread;

    TextTrail(Tokenizer tokenizer, Collection<String> stopStrings) {
        this.tokenizer = tokenizer;
        this.decoder = tokenizer.newStreamingDecoder();
        this.stops = new StopStrings(stopStrings);
    }

    /** Takes a token that was chosen and gives the text that is now certain. */
    String accept(int chosen) {
        token = chosen;
        start = boundary();
        unread = true;
        return tokenizer.standsForText(chosen) ? take(decoder.accept(chosen)) : "";
    }

    private String take(String text) {
        decoded.append(text);
        String out = stops.accept(text);
        certain += out.length();
        return out;
    }

    /** The place in the text where the next token begins, or −1 if that is within a character. */
    private int boundary() {
        return decoder.unfinished() ? -1 : decoded.length();
    }

    /** Whether a stop string has appeared; the text ends before it. */
    boolean stopped() {
        return stops.found();
    }

    /** Gives what was held back, since no more tokens come. An unfinished character is left out: no text ends within one. */
    String cut() {
        String rest = stops.finish();
        certain += rest.length();
        return rest;
    }

    /** As {@link #cut}, but an unfinished character is given as U+FFFD, since the model itself has ended the text within it. */
    String end() {
        String out = take(decoder.finish());
        return stops.found() ? out : out + cut();
    }

    /** All text that is certain. */
    String text() {
        return decoded.substring(0, certain);
    }

    /** Whether a token was accepted that the state has not read. */
    boolean unread() {
        return unread;
    }

    /** The token accepted last. */
    int last() {
        return token;
    }

    /** Before the state reads the token accepted last. */
    void mark(RwkvState state) {
        boolean pending = decoder.unfinished() || certain < decoded.length();
        if (!pending) {
            marked = false;
        } else if (!marked || read >= LONG && start >= 0 && start <= certain) {
            // Unmarked, all before this token was certain: it begins at a boundary.
            if (copy == null) {
                copy = state.copy();
            } else {
                copy.copyFrom(state);
            }
            marked = true;
            read = 0;
        }
    }

    /** After the state has read the token accepted last. */
    void advance() {
        unread = false;
        if (marked) {
            if (read == tokens.length) {
                tokens = Arrays.copyOf(tokens, 2 * read);
                starts = Arrays.copyOf(starts, 2 * read);
            }
            tokens[read] = token;
            starts[read++] = start;
        }
    }

    /**
     * Takes the state back, if need be, and gives the tokens that it has to read to end where the certain text ends: those
     * chosen as far as they go, and what is left of the text encoded anew.
     */
    int[] settle(RwkvState state) {
        // Of the boundaries between tokens, the last one that is not behind the text's end.
        int here = boundary();
        if (here == certain) {
            return unread ? new int[]{token} : new int[0];
        }
        if (unread && start >= 0 && start <= certain) {
            return rest(start, 0);
        }
        int kept = read - 1;
        while (starts[kept] < 0 || starts[kept] > certain) {
            kept--; // ends at 0 at the latest, where the copy was made
        }
        state.copyFrom(copy);
        return rest(starts[kept], kept);
    }

    private int[] rest(int from, int kept) {
        int[] rest = from == certain ? new int[0] : tokenizer.encodeOrdinary(decoded.substring(from, certain));
        int[] out = Arrays.copyOf(tokens, kept + rest.length);
        System.arraycopy(rest, 0, out, kept, rest.length);
        return out;
    }
}
