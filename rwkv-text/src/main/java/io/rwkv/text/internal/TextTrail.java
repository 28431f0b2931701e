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
 * <p>Text is <em>certain</em> once it cannot become part of a stop string, of a character that is never completed, or of blanks at
 * the end that are not wanted. A state may read what is certain. Before it reads a token of which something is not, it is copied
 * ({@link #mark}), once for a run of such tokens; if the text then ends before what the state has read, it goes back to the copy
 * and reads again what belongs to the text ({@link #settle}). Most tokens are certain at once and cost nothing.
 */
final class TextTrail {
    /** After so many tokens beyond a copy, a newer one is made where that can be, to have less to read again. */
    private static final int LONG = 32;

    private final Tokenizer tokenizer;
    private final StreamingDecoder decoder;
    private final StopStrings stops;
    private final boolean trimEnd;
    private final StringBuilder decoded = new StringBuilder();
    private final StringBuilder blanks = new StringBuilder(); // held back: they may be the last of the text
    private int certain; // characters of decoded that have been given out

    private int[] tokens = new int[16]; // all that were accepted
    private int[] starts = new int[16]; // where their text begins in decoded; −1 if that is within a character
    private int accepted;
    private int read; // so many of them has the state read: all, or all but the last
    private RwkvState copy; // made when first needed, used again and again
    private int marked = -1; // how many tokens the state had read when the copy was made; −1 while all is certain

    TextTrail(Tokenizer tokenizer, Collection<String> stopStrings, boolean trimEnd) {
        this.tokenizer = tokenizer;
        this.decoder = tokenizer.newStreamingDecoder();
        this.stops = new StopStrings(stopStrings);
        this.trimEnd = trimEnd;
    }

    /** Takes a token that was chosen and gives the text that is now certain. */
    String accept(int chosen) {
        if (accepted == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * accepted);
            starts = Arrays.copyOf(starts, 2 * accepted);
        }
        tokens[accepted] = chosen;
        starts[accepted++] = boundary();
        return tokenizer.standsForText(chosen) ? take(decoder.accept(chosen)) : "";
    }

    private String take(String text) {
        decoded.append(text);
        return release(stops.accept(text));
    }

    /** The part of this text that may be given out: all of it, or all but the blanks at its end. */
    private String release(String text) {
        String out = text;
        if (trimEnd) {
            int end = text.length();
            while (end > 0 && isBlank(text.charAt(end - 1))) {
                end--;
            }
            if (end == 0) {
                blanks.append(text);
                return "";
            }
            out = blanks + text.substring(0, end);
            blanks.setLength(0);
            blanks.append(text, end, text.length());
        }
        certain += out.length();
        return out;
    }

    /** Unicode's blanks, the no-break ones too, and the control characters that move on. */
    private static boolean isBlank(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
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
        return release(stops.finish());
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
        return read < accepted;
    }

    /** The token accepted last. */
    int last() {
        return tokens[accepted - 1];
    }

    /** Before the state reads the token accepted last. */
    void mark(RwkvState state) {
        boolean pending = decoder.unfinished() || certain < decoded.length();
        if (!pending) {
            marked = -1;
        } else if (marked < 0 || read - marked >= LONG && starts[read] >= 0 && starts[read] <= certain) {
            // Unmarked, all before this token was certain: it begins at a boundary.
            if (copy == null) {
                copy = state.copy();
            } else {
                copy.copyFrom(state);
            }
            marked = read;
        }
    }

    /** After the state has read the token accepted last. */
    void advance() {
        read++;
    }

    /** How many of the tokens belong to the certain text as a whole, up to the last boundary in it. */
    private int whole() {
        if (boundary() == certain) {
            return accepted;
        }
        int whole = accepted - 1;
        while (starts[whole] < 0 || starts[whole] > certain) {
            whole--; // ends at 0 at the latest, where the text begins
        }
        return whole;
    }

    /** The tokens of the certain text: those chosen as far as they go, and what is left of it encoded anew. */
    int[] tokens() {
        int whole = whole();
        int from = whole == accepted ? certain : starts[whole];
        int[] rest = from == certain ? new int[0] : tokenizer.encodeOrdinary(decoded.substring(from, certain));
        int[] all = Arrays.copyOf(tokens, whole + rest.length);
        System.arraycopy(rest, 0, all, whole, rest.length);
        return all;
    }

    /** Takes the state back, if need be, and gives those of {@link #tokens} that it has to read to end where the certain text does. */
    int[] settle(RwkvState state) {
        int known = read;
        if (whole() < read) {
            state.copyFrom(copy);
            known = marked;
        }
        int[] all = tokens();
        return Arrays.copyOfRange(all, known, all.length);
    }
}
