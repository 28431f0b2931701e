package io.rwkv.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Byte-level byte pair encoding (BPE), as in GPT-2 and GPT-NeoX, read from a Hugging Face {@code tokenizer.json}. RWKV-4 Pile
 * and Raven models use such a file, {@code 20B_tokenizer.json}.
 *
 * <p>
 * Encoding gives the same ids as Hugging Face's own library with {@code add_special_tokens} off. Added tokens are
 * recognised in the text; special ones are too, except by {@link #encodeOrdinary}. Of the parts that a
 * {@code tokenizer.json} may combine, byte-level BPE is implemented, with or without Unicode normalisation to form C
 * (NFC). A file that asks for any other part or option is refused.
 *
 * <p>
 * Encoding n bytes of ordinary text takes time proportional to n. Text without any break, which is one single piece, takes
 * n log n.
 *
 * <p>
 * <b>Thread safety:</b> immutable; any number of threads may share one.
 */
public final class BpeTokenizer implements Tokenizer {
    private static final String END_OF_TEXT = "<|endoftext|>";

    private final boolean nfc;
    private final boolean addPrefixSpace;
    private final boolean splits;
    private final TokenTable tokens;
    private final PairTable pairs;
    private final PieceTable pieces;
    private final List<AddedToken> addedTokens;
    /** Looked for in the text as it comes. */
    private final AddedTokens rawTokens;
    /** Looked for after normalisation. */
    private final AddedTokens normalizedTokens;
    /** Not changed once filled. */
    private final BitSet specialIds = new BitSet();
    private final OptionalInt endOfText;

    private BpeTokenizer(TokenizerJson file) {
        nfc = file.nfc;
        addPrefixSpace = file.addPrefixSpace;
        splits = file.splits;
        tokens = file.tokens;
        pairs = file.pairs;
        pieces = PieceTable.of(tokens, new PairMerger(pairs));
        addedTokens = List.copyOf(file.addedTokens);
        AddedTokens.Builder raw = new AddedTokens.Builder();
        AddedTokens.Builder normalized = new AddedTokens.Builder();
        for (boolean special : new boolean[]{true, false}) {
            for (AddedToken token : addedTokens) {
                if (token.special() != special) {
                    continue;
                }
                if (token.normalized()) {
                    normalized.add(nfc ? Nfc.normalize(token.content()) : token.content(), token);
                } else {
                    raw.add(token.content(), token);
                }
            }
        }
        rawTokens = raw.build();
        normalizedTokens = normalized.build();
        addedTokens.stream().filter(AddedToken::special).forEach(token -> specialIds.set(token.id()));
        endOfText = idOf(END_OF_TEXT);
        endOfText.ifPresent(specialIds::set);
    }

    /**
     * Reads a {@code tokenizer.json}.
     *
     * @param tokenizerJson the file
     * @return the tokenizer
     * @throws TokenizerFormatException if the file is damaged or asks for something that is not implemented; the message
     *         says where and what
     * @throws IOException if the file cannot be read
     */
    public static BpeTokenizer load(Path tokenizerJson) throws IOException {
        try (InputStream in = Files.newInputStream(tokenizerJson)) {
            return load(in, tokenizerJson.toString());
        }
    }

    /**
     * Reads a {@code tokenizer.json}.
     *
     * @param tokenizerJson the bytes of the file, read to the end; the caller closes it
     * @param sourceName the file's name in error messages
     * @return the tokenizer
     * @throws TokenizerFormatException if the file is damaged or asks for something that is not implemented; the message
     *         says where and what
     * @throws IOException if the stream cannot be read
     */
    public static BpeTokenizer load(InputStream tokenizerJson, String sourceName) throws IOException {
        Objects.requireNonNull(tokenizerJson, "tokenizerJson");
        Objects.requireNonNull(sourceName, "sourceName");
        return new BpeTokenizer(TokenizerJson.read(tokenizerJson, sourceName));
    }

    @Override
    public int[] encode(String text) {
        return encode(text, true).toArray();
    }

    @Override
    public int[] encodeOrdinary(String text) {
        return encode(text, false).toArray();
    }

    @Override
    public int countTokens(String text) {
        return encode(text, true).size();
    }

    private IntList encode(String text, boolean special) {
        byte[] bytes = Utf8.encode(text);
        Encoding encoding = new Encoding(bytes.length, special);
        rawTokens.split(bytes, 0, bytes.length, special, encoding);
        return encoding.ids;
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
        return tokens.decode(ids);
    }

    @Override
    public boolean standsForText(int id) {
        return tokens.hasBytes(id) && !specialIds.get(id);
    }

    @Override
    public int vocabularySize() {
        return tokens.size();
    }

    @Override
    public OptionalInt idOf(String text) {
        for (AddedToken token : addedTokens) {
            if (token.content().equals(text)) {
                return OptionalInt.of(token.id());
            }
        }
        return tokens.idOf(Utf8.bytes(text));
    }

    @Override
    public OptionalInt endOfText() {
        return endOfText;
    }

    /** The work on one text. Takes what lies between the raw tokens. */
    private final class Encoding implements AddedTokens.Sink {
        private final IntList ids;
        private final boolean special;
        private final PairMerger merger = new PairMerger(pairs);
        private final AddedTokens.Sink betweenNormalizedTokens = new AddedTokens.Sink() {
            @Override
            public void text(byte[] text, int from, int to) {
                encode(text, from, to);
            }

            @Override
            public void token(int id) {
                ids.add(id);
            }
        };

        Encoding(int bytes, boolean special) {
            this.special = special;
            ids = new IntList(bytes / 4); // English has some four and a half bytes to a token
        }

        @Override
        public void token(int id) {
            ids.add(id);
        }

        @Override
        public void text(byte[] text, int from, int to) {
            if (nfc && Nfc.mayChange(text, from, to)) {
                String part = new String(text, from, to - from, StandardCharsets.UTF_8);
                String normal = Nfc.normalize(part);
                if (normal != part) {
                    byte[] normalized = normal.getBytes(StandardCharsets.UTF_8);
                    normalizedTokens.split(normalized, 0, normalized.length, special, betweenNormalizedTokens);
                    return;
                }
            }
            normalizedTokens.split(text, from, to, special, betweenNormalizedTokens);
        }

        private void encode(byte[] text, int from, int to) {
            if (addPrefixSpace && text[from] != ' ') {
                byte[] prefixed = new byte[to - from + 1];
                prefixed[0] = ' ';
                System.arraycopy(text, from, prefixed, 1, to - from);
                merge(prefixed, 0, prefixed.length);
            } else {
                merge(text, from, to);
            }
        }

        private void merge(byte[] text, int from, int to) {
            for (int start = from; start < to;) {
                int end = splits ? Gpt2Splitter.endOfPiece(text, start, to) : to;
                int whole = pieces.idOf(text, start, end);
                if (whole == PieceTable.NONE) {
                    merger.merge(text, start, end, ids);
                } else {
                    ids.add(whole);
                }
                start = end;
            }
        }
    }
}
