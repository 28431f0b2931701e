package io.rwkv.text.grammar;

import io.rwkv.text.internal.CodePoints;

import java.util.List;

/** What stands on the right side of a rule. Immutable. */
interface Expression {
    /** In {@link Repeat}, for as often as one likes. */
    int UNBOUNDED = -1;

    Expression EMPTY = new Literal(new byte[0]);

    /** Exactly these bytes, whole characters of UTF-8; possibly none. */
    record Literal(byte[] utf8) implements Expression {}

    /** One of these characters; there is at least one. */
    record OneOf(CodePoints characters) implements Expression {}

    /** All of them, in this order. */
    record Sequence(List<Expression> parts) implements Expression {}

    /** Any one of them. */
    record Choice(List<Expression> branches) implements Expression {}

    /**
     * The same several times.
     *
     * @param most or {@link #UNBOUNDED}
     * @param at where in the grammar's text it stands
     */
    record Repeat(Expression body, int least, int most, int at) implements Expression {}

    /** What another rule says, by its number. */
    record Reference(int rule) implements Expression {}
}
