package io.rwkv.text.chat;

/**
 * Parts a reply, while it comes, into the thought and the answer. Neither begins or ends with blanks, CR LF in them becomes LF, and
 * no part of {@code <think>} or {@code </think>} is in either: what may be a part of them, or a blank at the end, is held back until
 * it is certain. A reply has a thought only if it begins with one; tags further on are text. For one thread at a time.
 */
final class ReplySplitter {
    /** Receives text. */
    @FunctionalInterface
    interface Sink {
        /** Takes a piece, or returns false: then nobody listens any more. */
        boolean take(String piece);
    }

    private static final String OPEN = "<think>";
    private static final String CLOSE = "</think>";

    private enum Place {
        START, THOUGHT, ANSWER
    }

    private final Trimmed thought;
    private final Trimmed answer;
    private final int before; // characters of the answer that the prompt wrote
    private final boolean opened; // whether the prompt wrote the beginning of a tag
    private final StringBuilder content = new StringBuilder(); // all of the reply, CR LF as LF
    private final StringBuilder raw = new StringBuilder(); // the same as it came
    private int parted; // so much of it has been given to one of the two
    private int given; // so much of it has been taken, or is tags and blanks before
    private boolean carriageReturn; // held back, since LF may follow
    private boolean gone; // whether nobody listens any more
    private Place place = Place.START;

    /**
     * Begins a reply.
     *
     * @param begin what the prompt has written of it
     * @param onThought receives pieces of the thought
     * @param onAnswer receives pieces of the answer
     */
    ReplySplitter(String begin, Sink onThought, Sink onAnswer) {
        thought = new Trimmed(onThought);
        answer = new Trimmed(onAnswer);
        opened = begin.startsWith("<");
        accept(begin);
        given = content.length();
        before = answer.text.length();
    }

    /** Parts a reply that is complete. */
    static ReplySplitter of(String begin, String rest) {
        ReplySplitter splitter = new ReplySplitter(begin, piece -> true, piece -> true);
        splitter.accept(rest);
        splitter.finish();
        return splitter;
    }

    /** Takes what comes next; throws what the receivers throw. */
    void accept(String piece) {
        raw.append(piece);
        for (int i = 0; i < piece.length(); i++) {
            char c = piece.charAt(i);
            if (carriageReturn && c != '\n') {
                content.append('\r');
            }
            carriageReturn = c == '\r';
            if (!carriageReturn) {
                content.append(c);
            }
        }
        part();
    }

    private void part() {
        if (place == Place.START) {
            start();
        }
        if (place == Place.THOUGHT) {
            int end = content.indexOf(CLOSE, parted);
            if (end < 0) {
                release(thought, content.length() - partOfClose());
            } else {
                release(thought, end);
                parted = end + CLOSE.length();
                place = Place.ANSWER;
            }
        }
        if (place == Place.ANSWER) {
            release(answer, content.length());
        }
    }

    private void start() {
        while (parted < content.length() && Blanks.isBlank(content.charAt(parted))) {
            parted++;
        }
        String begun = content.substring(parted);
        if (begun.startsWith(OPEN)) {
            parted += OPEN.length();
            place = Place.THOUGHT;
        } else if (!OPEN.startsWith(begun)) {
            place = Place.ANSWER;
        }
    }

    /** How many characters at the end may be the beginning of the closing tag. */
    private int partOfClose() {
        int length = Math.min(content.length() - parted, CLOSE.length() - 1);
        while (!CLOSE.startsWith(content.substring(content.length() - length))) {
            length--;
        }
        return length;
    }

    private void release(Trimmed to, int end) {
        String text = content.substring(parted, end);
        parted = end;
        if (!gone) {
            if (to.take(text)) {
                given = to.blanks.length() == text.length() ? given : end - to.blanks.length();
            } else {
                gone = true;
            }
        }
    }

    /** No more comes: gives what was held back, but neither blanks nor what is left of an unfinished tag. */
    void finish() {
        if (carriageReturn) {
            carriageReturn = false;
            content.append('\r');
            part();
        }
        boolean tag = place == Place.START ? opened : content.length() - parted > 1; // one "<" may be anything
        if (!tag) {
            release(place == Place.THOUGHT ? thought : answer, content.length());
        }
    }

    /** The thought so far; empty if there is none. */
    String thought() {
        return thought.text.toString();
    }

    /** Whether the reply is within its thought, or within the tag before it. */
    boolean thinking() {
        return place == Place.THOUGHT || place == Place.START && opened;
    }

    /** The answer so far. */
    String answer() {
        return answer.text.toString();
    }

    /** Whether any of what the model wrote was given out. */
    boolean anythingGiven() {
        return thought.text.length() > 0 || answer.text.length() > before;
    }

    /** Whether a piece was not taken. */
    boolean gone() {
        return gone;
    }

    /** All up to the last piece that was taken, as it came. */
    String given() {
        int end = 0;
        for (int left = given; left > 0; end++) {
            boolean dropped = raw.charAt(end) == '\r' && end + 1 < raw.length() && raw.charAt(end + 1) == '\n';
            left -= dropped ? 0 : 1;
        }
        return raw.substring(0, end);
    }

    /** Passes text on without blanks at its ends. */
    private static final class Trimmed {
        private final Sink to;
        private final StringBuilder text = new StringBuilder();
        private final StringBuilder blanks = new StringBuilder(); // after the text so far

        Trimmed(Sink to) {
            this.to = to;
        }

        boolean take(String piece) {
            int end = piece.length();
            while (end > 0 && Blanks.isBlank(piece.charAt(end - 1))) {
                end--;
            }
            boolean taken = true;
            if (end > 0) {
                int from = 0;
                while (text.length() == 0 && Blanks.isBlank(piece.charAt(from))) {
                    from++;
                }
                String out = (text.length() == 0 ? "" : blanks) + piece.substring(from, end);
                blanks.setLength(0);
                taken = to.take(out);
                if (taken) {
                    text.append(out);
                }
            }
            blanks.append(piece, end, piece.length());
            return taken;
        }
    }
}
