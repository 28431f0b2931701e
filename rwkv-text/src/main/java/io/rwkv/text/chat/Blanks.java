package io.rwkv.text.chat;

/** Line breaks and blanks in turns. A blank is what Python's {@code str.strip} removes, as the templates are defined by it. */
final class Blanks {
    private Blanks() {
    }

    static boolean isBlank(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    /** Without blanks at both ends. */
    static String strip(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isBlank(text.charAt(from))) {
            from++;
        }
        while (from < to && isBlank(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    /** CR LF becomes LF. */
    static String unixLines(String text) {
        return text.replace("\r\n", "\n");
    }

    /** Each run of LF becomes one. */
    static String joinLines(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\n' || i == 0 || text.charAt(i - 1) != '\n') {
                out.append(c);
            }
        }
        return out.toString();
    }
}
