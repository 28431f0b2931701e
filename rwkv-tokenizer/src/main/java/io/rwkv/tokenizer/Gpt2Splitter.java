package io.rwkv.tokenizer;

/**
 * Cuts text into the pieces within which byte pairs are merged, as this expression of GPT-2 does, tried anew where the
 * last piece ended:
 *
 * <pre>
 * 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * </pre>
 *
 * It is written by hand because a regular expression needs a String, and backtracks over every run of white space.
 */
final class Gpt2Splitter {
    private Gpt2Splitter() {
    }

    /**
     * Where the piece ends that begins at {@code start}.
     *
     * @param text well-formed UTF-8
     * @param end the end of the text, after {@code start}
     */
    static int endOfPiece(byte[] text, int start, int end) {
        byte first = text[start];
        if (first == '\'') {
            int contraction = contraction(text, start + 1, end);
            if (contraction > 0) {
                return start + 1 + contraction;
            }
        }
        // One space, and no other white space, goes with the run that follows it.
        int run = first == ' ' && start + 1 < end ? start + 1 : start;
        byte kind = classAt(text, run);
        if (kind != CharacterClasses.SPACE) {
            return endOfRun(text, run, end, kind);
        }
        return endOfSpace(text, start, end);
    }

    private static int endOfRun(byte[] text, int start, int end, byte kind) {
        int at = start + Utf8.length(text[start]);
        while (at < end) {
            byte b = text[at];
            if (b >= 0) { // by far the most frequent, and the quickest to tell
                if (CharacterClasses.ofAscii(b) != kind) {
                    return at;
                }
                at++;
            } else {
                if (classAt(text, at) != kind) {
                    return at;
                }
                at += Utf8.length(b);
            }
        }
        return at;
    }

    /** White space before something else leaves its last character behind, unless that would leave nothing. */
    private static int endOfSpace(byte[] text, int start, int end) {
        int last = start;
        int at = start;
        while (at < end && classAt(text, at) == CharacterClasses.SPACE) {
            last = at;
            at += Utf8.length(text[at]);
        }
        return at == end || last == start ? at : last;
    }

    private static byte classAt(byte[] text, int at) {
        byte b = text[at];
        return b >= 0 ? CharacterClasses.ofAscii(b) : CharacterClasses.of(Utf8.codePointAt(text, at));
    }

    /** How many letters after the apostrophe belong to a contraction; 0 if it is none. */
    private static int contraction(byte[] text, int at, int end) {
        if (at == end) {
            return 0;
        }
        byte second = at + 1 < end ? text[at + 1] : 0;
        switch (text[at]) {
            case 's' :
            case 't' :
            case 'm' :
            case 'd' :
                return 1;
            case 'r' :
            case 'v' :
                return second == 'e' ? 2 : 0;
            case 'l' :
                return second == 'l' ? 2 : 0;
            default :
                return 0;
        }
    }
}
