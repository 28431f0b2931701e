package io.rwkv.cli;

import org.jline.reader.CompletingParsedLine;
import org.jline.reader.Parser.ParseContext;

import java.util.List;

/** A line that is one word: text is not parsed. */
final class WholeLine implements CompletingParsedLine {
    private final String line;
    private final int cursor;

    WholeLine(String line, int cursor, ParseContext context) {
        this.line = line;
        this.cursor = cursor;
    }

    @Override
    public String word() {
        return line;
    }

    @Override
    public int wordCursor() {
        return cursor;
    }

    @Override
    public int wordIndex() {
        return 0;
    }

    @Override
    public List<String> words() {
        return List.of(line);
    }

    @Override
    public String line() {
        return line;
    }

    @Override
    public int cursor() {
        return cursor;
    }

    @Override
    public CharSequence escape(CharSequence candidate, boolean complete) {
        return candidate;
    }

    @Override
    public int rawWordCursor() {
        return cursor;
    }

    @Override
    public int rawWordLength() {
        return line.length();
    }
}
