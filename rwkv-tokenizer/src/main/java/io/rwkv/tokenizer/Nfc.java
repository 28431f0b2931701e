package io.rwkv.tokenizer;

import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Unicode normalisation to form C, in linear time for hostile text too.
 *
 * <p>
 * The JDK's normaliser sorts the marks on one letter by insertion: a hundred thousand of them in alternating order, a
 * text that anyone may send, keep it busy for half a minute. Long runs of marks are therefore brought into canonical
 * order here before it sees them.
 */
final class Nfc {
    /** The first byte of U+0300. What lies below is in form C as it stands. */
    private static final int FIRST_TO_NORMALIZE = 0xCC;
    /** Far more than any language puts on a letter, and few enough for a sort by insertion. */
    private static final int LONG_RUN = 64;

    /** Of classes 1 and 230: between them they tell every mark that has a class, by what they change places with. */
    private static final int OVERLAY = 0x334;
    private static final int ABOVE = 0x301;
    /** The order of a mark of class 0, which nothing moves past. */
    private static final int FIXED = 0;

    private Nfc() {
    }

    /**
     * Whether normalising may change the text, well-formed UTF-8: false for the greater part of texts, at a fraction of
     * the time.
     */
    static boolean mayChange(byte[] text, int from, int to) {
        for (int at = from; at < to;) {
            byte b = text[at];
            if (b >= 0) {
                at++;
            } else if ((b & 0xFF) < FIRST_TO_NORMALIZE || isUnaffected(Utf8.codePointAt(text, at))) {
                at += Utf8.length(b);
            } else {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether the character is in form C as it stands, and takes no part in what a neighbour before it becomes. Only
     * ranges that are frequent, simple, and settled in every version of Unicode.
     */
    static boolean isUnaffected(int c) {
        return c < 0x300 // Latin
                || c >= 0x391 && c <= 0x3CE // Greek
                || c >= 0x400 && c <= 0x482 // Cyrillic
                || c >= 0x2010 && c <= 0x2027 // dashes, quotation marks, dots
                || c >= 0x2190 && c <= 0x22FF // arrows and mathematics
                || c >= 0x2500 && c <= 0x25FF // boxes and shapes
                || c >= 0x3001 && c <= 0x3029 // punctuation of East Asia
                || c >= 0x3041 && c <= 0x3096 // hiragana
                || c >= 0x30A1 && c <= 0x30FE // katakana
                || c >= 0x4E00 && c <= 0x9FFF // Han
                || c >= 0xAC00 && c <= 0xD7A3 // Hangul
                || c >= 0xFF01 && c <= 0xFF5E; // full-width
    }

    /** The text in form C; the same string if it is in that form. */
    static String normalize(String text) {
        String sorted = sortLongRuns(text);
        return Normalizer.isNormalized(sorted, Form.NFC) ? sorted : Normalizer.normalize(sorted, Form.NFC);
    }

    private static String sortLongRuns(String text) {
        StringBuilder sorted = null;
        int copied = 0;
        int start = 0; // of the run of marks
        for (int at = 0; at <= text.length();) {
            int c = at < text.length() ? text.codePointAt(at) : 0;
            if (isMark(c)) {
                at += Character.charCount(c);
                continue;
            }
            if (at - start > LONG_RUN) {
                sorted = sorted == null ? new StringBuilder(text.length()) : sorted;
                sorted.append(text, copied, start);
                sort(text.substring(start, at), sorted);
                copied = at;
            }
            at += Character.charCount(c);
            start = at;
        }
        return sorted == null ? text : sorted.append(text, copied, text.length()).toString();
    }

    /** Only marks have a combining class, and only what has one is ever moved. */
    private static boolean isMark(int c) {
        int type = c < 0x300 ? Character.UNASSIGNED : Character.getType(c);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    /** Adds the marks, decomposed, each stretch without class 0 in the order of the classes, equal ones as they were. */
    private static void sort(String run, StringBuilder sorted) {
        // One by one: the normaliser is only slow on many at once.
        int[] marks = run.codePoints().mapToObj(Nfc::decompose).flatMapToInt(String::codePoints).toArray();
        Map<Integer, Integer> orders = orders(marks);
        long[] keys = new long[marks.length];
        for (int i = 0; i < marks.length; i++) {
            keys[i] = (long) orders.get(marks[i]) << 32 | i;
        }
        for (int start = 0; start < marks.length;) {
            int end = start;
            while (end < marks.length && keys[end] >>> 32 != FIXED) {
                end++;
            }
            Arrays.sort(keys, start, end);
            end = Math.min(end + 1, marks.length); // the fixed one stays where it is
            for (; start < end; start++) {
                sorted.appendCodePoint(marks[(int) keys[start]]);
            }
        }
    }

    /** A number for each mark, higher for a higher class; the JDK tells no classes, only what it does with two marks. */
    private static Map<Integer, Integer> orders(int[] marks) {
        Map<Integer, Integer> orders = new HashMap<>();
        List<Integer> movable = new ArrayList<>();
        for (int mark : Arrays.stream(marks).sorted().distinct().toArray()) {
            orders.put(mark, FIXED);
            if (swaps(mark, OVERLAY) || swaps(ABOVE, mark)) {
                movable.add(mark);
            }
        }
        movable.sort((a, b) -> swaps(b, a) ? -1 : swaps(a, b) ? 1 : 0);
        int order = FIXED + 1;
        for (int i = 0; i < movable.size(); i++) {
            if (i > 0 && swaps(movable.get(i), movable.get(i - 1))) {
                order++;
            }
            orders.put(movable.get(i), order);
        }
        return orders;
    }

    private static String decompose(int c) {
        return Normalizer.normalize(Character.toString(c), Form.NFD);
    }

    /** Whether the normaliser puts the second before the first: both have a class, and that of the first is higher. */
    private static boolean swaps(int first, int second) {
        String pair = Character.toString(first) + Character.toString(second);
        return first != second && !Normalizer.normalize(pair, Form.NFD).equals(pair);
    }
}
