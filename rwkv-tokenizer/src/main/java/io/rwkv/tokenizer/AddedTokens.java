package io.rwkv.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Tokens that are looked for in the text itself, before anything else cuts it up: the longest one at the leftmost place,
 * then on from its end. Immutable.
 */
final class AddedTokens {
    private static final byte BEGINS = 1;
    private static final byte FOLLOWS = 2;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    /** A byte times this is that byte eight times. */
    private static final long ONES = 0x0101010101010101L;
    /** Eight times FF, with which no text begins. */
    private static final long NONE = -1;

    private final ByteTrie trie;
    /** The value of a string in the trie is its index here. */
    private final List<AddedToken> tokens;

    /** [unsigned byte]: {@link #BEGINS} if a token begins with it, {@link #FOLLOWS} if it may be what follows that. */
    private final byte[] roles = new byte[256];

    /** If all tokens begin with the same two bytes, the first of them eight times, else {@link #NONE}. */
    private final long onlyBegin;
    /** The second of them eight times. */
    private final long onlyFollow;

    private AddedTokens(Builder builder) {
        trie = builder.trie.build();
        for (byte[] wanted : builder.wanted) {
            roles[wanted[0] & 0xFF] |= BEGINS;
            for (int b = 0; b < roles.length; b++) {
                if (wanted.length == 1 || (wanted[1] & 0xFF) == b) {
                    roles[b] |= FOLLOWS;
                }
            }
        }
        byte[] any = builder.wanted.isEmpty() ? new byte[0] : builder.wanted.get(0);
        boolean one = any.length > 1
                && builder.wanted.stream().allMatch(w -> w.length > 1 && w[0] == any[0] && w[1] == any[1]);
        onlyBegin = one ? (any[0] & 0xFF) * ONES : NONE;
        onlyFollow = one ? (any[1] & 0xFF) * ONES : NONE;
        tokens = List.copyOf(builder.tokens);
    }

    /** Takes the parts of a text in order. */
    interface Sink {
        /** Text between added tokens; never empty. */
        void text(byte[] text, int from, int to);

        void token(int id);
    }

    /** Collects tokens. */
    static final class Builder {
        private final ByteTrie.Builder trie = new ByteTrie.Builder();
        private final List<AddedToken> tokens = new ArrayList<>();
        private final List<byte[]> wanted = new ArrayList<>();

        /**
         * Adds a token to look for; if another is already looked for under the same text, that one stays.
         *
         * @param wanted the text to look for, not empty
         */
        void add(String wanted, AddedToken token) {
            byte[] bytes = wanted.getBytes(StandardCharsets.UTF_8);
            if (trie.add(bytes, tokens.size()) == ByteTrie.NONE) {
                tokens.add(token);
                this.wanted.add(bytes);
            }
        }

        AddedTokens build() {
            return new AddedTokens(this);
        }
    }

    /**
     * Cuts up the text, which must be well-formed UTF-8.
     *
     * @param special whether special tokens count; else what matches one is passed over as text
     */
    void split(byte[] text, int from, int to, boolean special, Sink sink) {
        int done = from;
        int at = from;
        while (at < to) {
            at = nextCandidate(text, at, to);
            long node = trie.root();
            int end = at;
            for (long child; end < to && (child = trie.child(node, text[end])) != ByteTrie.NONE; end++) {
                node = child;
            }
            int found = ByteTrie.value(node);
            if (found == ByteTrie.NONE) {
                at++;
                continue;
            }
            end = trie.endOfLastString(text, at, end);
            AddedToken token = tokens.get(found);
            if (special || !token.special()) {
                done = match(token, text, from, to, at, end, done, sink);
            }
            at = end;
        }
        if (done < to) {
            sink.text(text, done, to);
        }
    }

    /**
     * The next place where a token may begin, by two bytes, as one alone, a space, may be everywhere in a text; the last
     * place if there is no other.
     */
    private int nextCandidate(byte[] text, int from, int to) {
        if (onlyBegin != NONE) {
            return nextOfOne(text, from, to);
        }
        byte[] roles = this.roles;
        int at = from;
        int role = roles[text[at] & 0xFF];
        for (; at + 1 < to; at++) {
            int next = roles[text[at + 1] & 0xFF];
            if ((role & BEGINS & next >> 1) != 0) {
                return at;
            }
            role = next;
        }
        return at;
    }

    /** The same where all tokens begin with the same two bytes, eight places at a time. */
    private int nextOfOne(byte[] text, int from, int to) {
        int at = from;
        for (; at + 8 < to; at += 8) {
            // A byte is zero where both bytes are the wanted ones; the lowest bit of found belongs to the first zero byte.
            long others = (long) LONG.get(text, at) ^ onlyBegin | (long) LONG.get(text, at + 1) ^ onlyFollow;
            long found = others - ONES & ~others & ONES << 7;
            if (found != 0) {
                return at + (Long.numberOfTrailingZeros(found) >> 3);
            }
        }
        while (at + 1 < to && (text[at] != (byte) onlyBegin || text[at + 1] != (byte) onlyFollow)) {
            at++;
        }
        return at;
    }

    /**
     * Passes on one match and the text before it; returns where the text after it begins. White space that the token
     * takes on its right is searched for further matches all the same, as the reference implementation does.
     */
    private static int match(AddedToken token, byte[] text, int from, int to, int start, int end, int done,
            Sink sink) {
        if (token.singleWord() && (isWordBefore(text, from, start) || isWordAt(text, end, to))) {
            return done;
        }
        int left = start;
        if (token.stripsLeft()) {
            while (left > done && isSpaceBefore(text, left)) {
                left = Utf8.startOfCharacterBefore(text, left);
            }
        }
        int right = end;
        if (token.stripsRight()) {
            while (right < to && CharacterClasses.isSpace(Utf8.codePointAt(text, right))) {
                right += Utf8.length(text[right]);
            }
        }
        if (done < left) {
            sink.text(text, done, left);
        }
        sink.token(token.id());
        return right;
    }

    private static boolean isWordBefore(byte[] text, int from, int at) {
        return at > from && CharacterClasses.isWord(Utf8.codePointAt(text, Utf8.startOfCharacterBefore(text, at)));
    }

    private static boolean isWordAt(byte[] text, int at, int to) {
        return at < to && CharacterClasses.isWord(Utf8.codePointAt(text, at));
    }

    private static boolean isSpaceBefore(byte[] text, int at) {
        return CharacterClasses.isSpace(Utf8.codePointAt(text, Utf8.startOfCharacterBefore(text, at)));
    }
}
