package io.rwkv.cli;

/** Text for a terminal. A model can write any character, also those that would command the terminal. */
final class Printable {
    private static final char PICTURES = '\u2400';
    private static final char PICTURE_OF_DELETE = '\u2421';
    private static final char REPLACEMENT = '\ufffd';

    private Printable() {
    }

    /** The text with control characters shown as pictures of them; line breaks and tabs stay. */
    static String of(String text) {
        StringBuilder out = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c) && c != '\n' && c != '\t') {
                if (out == null) {
                    out = new StringBuilder(text);
                }
                out.setCharAt(i,
                        c < ' ' ? (char) (PICTURES + c) : c == '\u007f' ? PICTURE_OF_DELETE : REPLACEMENT);
            }
        }
        return out == null ? text : out.toString();
    }
}
