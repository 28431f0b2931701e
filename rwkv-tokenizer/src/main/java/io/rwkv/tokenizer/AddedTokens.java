package io.rwkv.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Tokens that are looked for in the text itself, before anything else cuts it up: the longest one at the leftmost place,
 * then on from its end. Immutable.
 */
final class AddedTokens {
    private final ByteTrie trie = new ByteTrie();
    /** The value of a string in the trie is its index here. */
    private final List<AddedToken> tokens = new ArrayList<>();

    /** Takes the parts of a text in order. */
    interface Sink {
        /** Text between added tokens; never empty. */
        void text(byte[] text, int from, int to);

        void token(int id);
    }

    /**
     * Adds a token to look for; if another is already looked for under the same text, that one stays.
     *
     * @param wanted the text to look for, not empty
     */
    void add(String wanted, AddedToken token) {
        if (trie.add(wanted.getBytes(StandardCharsets.UTF_8), tokens.size())) {
            tokens.add(token);
        }
    }

    /** Cuts up the text, which must be well-formed UTF-8. */
    void split(byte[] text, int from, int to, Sink sink) {
        int done = from;
        int at = from;
        while (at < to) {
            int node = trie.child(ByteTrie.ROOT, text[at]);
            if (node == ByteTrie.NONE) {
                at++;
                continue;
            }
            int found = ByteTrie.NONE;
            int end = at + 1;
            for (int next = end; node != ByteTrie.NONE; next++) {
                if (trie.value(node) != ByteTrie.NONE) {
                    found = trie.value(node);
                    end = next;
                }
                node = next < to ? trie.child(node, text[next]) : ByteTrie.NONE;
            }
            if (found != ByteTrie.NONE) {
                done = match(tokens.get(found), text, from, to, at, end, done, sink);
            }
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
