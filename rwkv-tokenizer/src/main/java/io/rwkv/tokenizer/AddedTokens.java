package io.rwkv.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Tokens that are looked for in the text itself, before anything else cuts it up: the longest one at the leftmost place,
 * then on from its end. Immutable.
 */
final class AddedTokens {
    private final ByteTrie trie;
    /** The value of a string in the trie is its index here. */
    private final List<AddedToken> tokens;

    private AddedTokens(Builder builder) {
        trie = builder.trie.build();
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

        /**
         * Adds a token to look for; if another is already looked for under the same text, that one stays.
         *
         * @param wanted the text to look for, not empty
         */
        void add(String wanted, AddedToken token) {
            if (trie.add(wanted.getBytes(StandardCharsets.UTF_8), tokens.size()) == ByteTrie.NONE) {
                tokens.add(token);
            }
        }

        AddedTokens build() {
            return new AddedTokens(this);
        }
    }

    /** Cuts up the text, which must be well-formed UTF-8. */
    void split(byte[] text, int from, int to, Sink sink) {
        int done = from;
        int at = from;
        while (at < to) {
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
            done = match(tokens.get(found), text, from, to, at, end, done, sink);
            at = end;
        }
        if (done < to) {
            sink.text(text, done, to);
        }
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
