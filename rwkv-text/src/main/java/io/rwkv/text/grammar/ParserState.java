package io.rwkv.text.grammar;

import io.rwkv.text.internal.masks.TokenMask;

/**
 * Where in a grammar a text has got to: all stacks that it can have led to, each with a state on top that reads something. Texts with
 * the same ways to go on have the same object, as long as they are in one {@link StateCache}. Safe for any number of threads.
 */
final class ParserState {
    final StateCache home;
    final StackSet stacks;
    final boolean mayEnd; // whether the text may end here
    /** Whether nothing may follow, neither text nor end: what came before does not follow the grammar. */
    final boolean dead;
    /** [class of bytes], the next states; null where not known yet. Written by the home only, read by all: equal in any order. */
    final ParserState[] next;
    volatile TokenMask mask; // tokens that may follow; null if not known yet
    volatile FrameMask frame; // what is known of this as a frame of its own; null if not known yet

    ParserState(StateCache home, StackSet stacks, boolean mayEnd, int classes) {
        this.home = home;
        this.stacks = stacks;
        this.mayEnd = mayEnd;
        this.dead = stacks.tops.length == 0 && !mayEnd;
        this.next = new ParserState[classes];
    }

    /** Whether more text may follow. */
    boolean mayContinue() {
        return stacks.tops.length > 0;
    }

    /** The state after one more byte of this class. */
    ParserState step(int byteClass) {
        ParserState known = next[byteClass];
        return known != null ? known : home.step(this, byteClass);
    }
}
