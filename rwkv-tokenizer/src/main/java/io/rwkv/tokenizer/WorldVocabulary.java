package io.rwkv.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Reads a vocabulary of lines {@code id literal length}, or takes one that is held elsewhere. */
final class WorldVocabulary {
    /** Four times the size of the one in use; what a file can make us allocate is a multiple of this. */
    static final int MAX_BYTES = 1 << 22;
    private static final int MAX_NAMED = 8;

    final TokenTable tokens;
    final ByteTrie trie;
    final int endOfText;

    private final String source;
    private final TokenTable.Builder table = new TokenTable.Builder();
    private final ByteTrie.Builder strings = new ByteTrie.Builder();

    private WorldVocabulary(String source, int endOfText, Lines lines) throws TokenizerFormatException {
        this.source = source;
        this.endOfText = endOfText;
        table.add(0, new byte[0]); // the end of a text, which the file does not list
        lines.addTo(this);
        if (!table.contains(endOfText)) {
            table.add(endOfText, new byte[0]);
        }
        tokens = table.build();
        trie = strings.build();
        checkBytes();
    }

    /** Adds all tokens. */
    private interface Lines {
        void addTo(WorldVocabulary vocabulary) throws TokenizerFormatException;
    }

    private void addAll(byte[] file) throws TokenizerFormatException {
        int number = 1;
        WorldLine blank = null;
        for (int start = 0; start < file.length; number++) {
            int end = start;
            while (end < file.length && file[end] != '\n') {
                end++;
            }
            boolean crLf = end > start && end < file.length && file[end - 1] == '\r';
            WorldLine line = new WorldLine(source, number, text(file, start, crLf ? end - 1 : end, number));
            if (line.isEmpty()) {
                blank = blank == null ? line : blank;
            } else if (blank != null) {
                throw blank.wrong(0, "a token, blank lines only at the end", "a blank line");
            } else {
                add(line);
            }
            start = end + 1;
        }
    }

    private void addAll(List<byte[]> byId) throws TokenizerFormatException {
        long bytes = 0;
        for (int id = 0; id < byId.size(); id++) {
            byte[] token = byId.get(id);
            if (token == null) {
                continue;
            }
            String where = "token id " + id;
            bytes += token.length;
            if (id == 0 || id > TokenTable.MAX_ID || bytes > MAX_BYTES) {
                throw new TokenizerFormatException(source, where, id == 0
                        ? "no token, as this id ends a text"
                        : "at most " + MAX_BYTES + " bytes of tokens with ids up to " + TokenTable.MAX_ID,
                        id == 0
                                ? "one of " + token.length + " bytes"
                                : "more");
            }
            if (token.length == 0) {
                throw new TokenizerFormatException(source, where, "a token of one byte or more", "an empty one");
            }
            int same = strings.add(token, id);
            if (same != ByteTrie.NONE) {
                throw new TokenizerFormatException(source, where, "a token that no id before has",
                        "that of id " + same + " again");
            }
            table.add(id, token.clone());
        }
    }

    /** @param byId null where there is no token */
    static WorldVocabulary of(List<byte[]> byId, int endOfText, String source) throws TokenizerFormatException {
        if (endOfText < 0 || endOfText > 0 && endOfText >= byId.size() || endOfText > TokenTable.MAX_ID) {
            throw new TokenizerFormatException(source, "the token that ends a text", "an id below the "
                    + byId.size() + " of the vocabulary", String.valueOf(endOfText));
        }
        return new WorldVocabulary(source, endOfText, vocabulary -> vocabulary.addAll(byId));
    }

    static WorldVocabulary read(InputStream in, String source) throws IOException {
        byte[] file = in.readNBytes(MAX_BYTES + 1);
        if (file.length > MAX_BYTES) {
            throw new TokenizerFormatException(source, "the end of what is read", "a vocabulary of at most " + MAX_BYTES
                    + " bytes", "more");
        }
        return new WorldVocabulary(source, 0, vocabulary -> vocabulary.addAll(file));
    }

    private String text(byte[] file, int from, int to, int number) throws TokenizerFormatException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(file, from, to - from)).toString();
        } catch (CharacterCodingException e) {
            throw new TokenizerFormatException(source, "line " + number, "UTF-8", "none: " + e.getMessage(), e);
        }
    }

    private void add(WorldLine line) throws TokenizerFormatException {
        int id = line.id();
        if (table.contains(id)) {
            throw line.wrong(0, "an id that no line before has", id + " again");
        }
        line.space();
        int start = line.position();
        byte[] token = line.literal();
        if (token.length == 0) {
            throw line.wrong(start, "a token of one byte or more", "an empty one");
        }
        int same = strings.add(token, id);
        if (same != ByteTrie.NONE) {
            throw line.wrong(start, "a token that no line before has", "that of id " + same + " again");
        }
        line.space();
        line.length(token.length);
        table.add(id, token);
    }

    /** Without a token for every byte there would be texts that cannot be encoded. */
    private void checkBytes() throws TokenizerFormatException {
        StringBuilder named = new StringBuilder();
        int missing = 0;
        for (int b = 0; b < 256; b++) {
            if (trie.valueOf(new byte[]{(byte) b}) == ByteTrie.NONE && ++missing <= MAX_NAMED) {
                named.append(String.format(named.length() == 0 ? "%02X" : ", %02X", b));
            }
        }
        if (missing > MAX_NAMED) {
            named.append(" and ").append(missing - MAX_NAMED).append(" more");
        }
        if (missing > 0) {
            throw new TokenizerFormatException(source, "the end of the file", "a token for each of the 256 bytes",
                    "none for " + named);
        }
    }
}
