package io.rwkv.text.grammar;

/** A grammar that is wrong, or asks for something that is not supported. The message says where and what. */
public final class GrammarException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;

    GrammarException(int line, int column, String problem) {
        super("line " + line + ", column " + column + ": " + problem);
        this.line = line;
        this.column = column;
    }

    GrammarException(String path, String problem) {
        super(path + ": " + problem);
        this.line = 0;
        this.column = 0;
    }

    /** The line of the grammar's text, from 1; 0 if the fault is not in such a text. */
    public int line() {
        return line;
    }

    /** The column in that line, in characters (code points), from 1; 0 if the fault is not in such a text. */
    public int column() {
        return column;
    }

    /** A fault at a place in a text, an index of a {@code char}. */
    static GrammarException at(String text, int index, String problem) {
        int line = 1;
        int begin = 0;
        for (int i = 0; i < index; i++) {
            if (text.charAt(i) == '\n'
                    || text.charAt(i) == '\r' && (i + 1 == text.length() || text.charAt(i + 1) != '\n')) {
                line++;
                begin = i + 1;
            }
        }
        return new GrammarException(line, 1 + text.codePointCount(begin, index), problem);
    }
}
