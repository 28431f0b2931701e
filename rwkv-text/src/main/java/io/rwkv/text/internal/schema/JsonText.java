package io.rwkv.text.internal.schema;

/** How a string is written in JSON where only one way is allowed: escaped only where it has to be, in the shortest way. */
final class JsonText {
    /** Characters with a short escape, and its letter at the same place. */
    static final String ESCAPED = "\"\\\b\f\n\r\t";
    static final String LETTERS = "\"\\bfnrt";

    private JsonText() {
    }

    /** With its quotes. */
    static String quoted(String text) {
        StringBuilder out = new StringBuilder();
        append(out, text);
        return out.toString();
    }

    static void append(StringBuilder out, String text) {
        out.append('"');
        for (int codePoint : text.codePoints().toArray()) {
            int escape = ESCAPED.indexOf(codePoint);
            boolean isHalf = codePoint <= Character.MAX_VALUE && Character.isSurrogate((char) codePoint);
            if (escape >= 0) {
                out.append('\\').append(LETTERS.charAt(escape));
            } else if (codePoint < ' ' || isHalf) { // UTF-8 cannot hold half a surrogate pair
                out.append(String.format("\\u%04x", codePoint));
            } else {
                out.appendCodePoint(codePoint);
            }
        }
        out.append('"');
    }
}
