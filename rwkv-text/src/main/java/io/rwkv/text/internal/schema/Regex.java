package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import java.util.List;

/**
 * A set of texts as a regular expression, with intersection and complement. Made by {@link Regexes} only, which gives equal
 * expressions the same object, so that identity is equality.
 */
final class Regex {
    enum Kind {
        /** No text. */
        NOTHING,
        /** The text of length 0. */
        EMPTY,
        /** Texts of one character. */
        SET,
        /** A text of the first part, then one of the second. */
        THEN,
        /** Texts of any part. */
        OR,
        /** Texts of every part. */
        AND,
        /** Texts that are not of the part. */
        NOT,
        /** Several texts of the part, one after another. */
        REPEAT
    }

    /** Of {@link #max}: no limit. */
    static final int UNLIMITED = -1;

    final Kind kind;
    /** Of a SET, else null. */
    final CodePoints set;
    final List<Regex> parts;
    /** Of a REPEAT. */
    final int min;
    final int max;
    /** Whether the text of length 0 belongs to it. */
    final boolean nullable;
    /** In the order of their making. */
    final int id;

    Regex(Kind kind, CodePoints set, List<Regex> parts, int min, int max, int id) {
        this.kind = kind;
        this.set = set;
        this.parts = parts;
        this.min = min;
        this.max = max;
        this.id = id;
        this.nullable = switch (kind) {
            case NOTHING, SET -> false;
            case EMPTY -> true;
            case THEN, AND -> parts.stream().allMatch(part -> part.nullable);
            case OR -> parts.stream().anyMatch(part -> part.nullable);
            case NOT -> !parts.get(0).nullable;
            case REPEAT -> min == 0 || parts.get(0).nullable;
        };
    }
}
