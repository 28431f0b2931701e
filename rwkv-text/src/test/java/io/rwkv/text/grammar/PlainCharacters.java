package io.rwkv.text.grammar;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A class of characters, matched by looking at whole characters, and at each that may yet come of a part of one. */
final class PlainCharacters {
    static final int NONE = -1;
    /** The text ends within or before a character that may be in the class. */
    static final int RAN_OUT = -2;

    private static final int[] ANY = {'a', 'b', 'c', '"', '\\', '-', ']', '\n', 0xE9, 0x7FF, 0x800, 0x6F22, 0xFFFD,
            0x1F600, 0x10FFFF};

    private final boolean others;
    private final List<int[]> ranges;
    private final Map<String, Boolean> begun = new HashMap<>();

    PlainCharacters(boolean others, List<int[]> ranges) {
        this.others = others;
        this.ranges = ranges;
    }

    /** One of the characters that grammars here are made of. */
    static int any(Random random) {
        return ANY[random.nextInt(ANY.length)];
    }

    boolean has(int c) {
        return others != ranges.stream().anyMatch(r -> r[0] <= c && c <= r[1]) && (c < 0xD800 || c > 0xDFFF);
    }

    void print(StringBuilder out, Random random) {
        out.append(others ? "[^" : "[");
        for (int[] range : ranges) {
            print(out, range[0], random);
            if (range[1] > range[0]) {
                out.append('-');
                print(out, range[1], random);
            }
        }
        out.append(']');
    }

    /** A character as it is written in quotes or brackets, one way or another. */
    static void print(StringBuilder out, int c, Random random) {
        if (c == '\n') {
            out.append("\\n");
        } else if ("\"\\-]".indexOf(c) >= 0) {
            out.append('\\').appendCodePoint(c);
        } else if (random.nextInt(4) == 0) {
            out.append(c < 256 ? String.format("\\x%02x", c) : String.format("\\U%08X", c));
        } else {
            out.appendCodePoint(c);
        }
    }

    int sample(Random random) {
        int c;
        do {
            c = random.nextInt(4) > 0 ? any(random) : random.nextInt(random.nextBoolean() ? 0x110000 : 0x100);
        } while (!has(c));
        return c;
    }

    /** Where a character of the class ends that begins there; or {@link #NONE}, or {@link #RAN_OUT}. */
    int end(byte[] text, int at) {
        int left = text.length - at;
        if (left == 0) {
            return RAN_OUT;
        }
        int first = text[at] & 0xFF;
        int length = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 0;
        if (length == 0) {
            return NONE;
        }
        if (left >= length) {
            byte[] whole = Arrays.copyOfRange(text, at, at + length);
            String decoded = new String(whole, StandardCharsets.UTF_8);
            return Arrays.equals(decoded.getBytes(StandardCharsets.UTF_8), whole) && has(decoded.codePointAt(0))
                    ? at + length
                    : NONE;
        }
        byte[] part = Arrays.copyOfRange(text, at, text.length);
        return begun.computeIfAbsent(Arrays.toString(part), key -> begins(part, length)) ? RAN_OUT : NONE;
    }

    private boolean begins(byte[] part, int length) {
        int low = part[0] & 0xFF >> length + 1;
        for (int i = 1; i < part.length; i++) {
            low = low << 6 | part[i] & 0x3F;
        }
        int free = 6 * (length - part.length);
        for (int c = low << free; c < (low + 1) << free && c <= Character.MAX_CODE_POINT; c++) {
            byte[] utf8 = Character.toString(c).getBytes(StandardCharsets.UTF_8);
            if (has(c) && Arrays.equals(part, Arrays.copyOf(utf8, part.length))) {
                return true;
            }
        }
        return false;
    }
}
