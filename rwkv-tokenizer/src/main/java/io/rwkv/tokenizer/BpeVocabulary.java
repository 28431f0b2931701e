package io.rwkv.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The long parts of a {@code tokenizer.json}: tokens, merges, added tokens. They come in any order, so that first all are
 * taken in, and then merges and added tokens are matched with the tokens they name.
 */
final class BpeVocabulary {
    private static final String VOCAB = "$.model.vocab";
    private static final String MERGES = "$.model.merges";
    private static final String ADDED = "$.added_tokens";
    private static final String PAIR = "two tokens, as \"a b\" or [\"a\", \"b\"]";
    private static final String OTHER_ID = "an id that no other token has";

    /** Four times the largest vocabulary in use. */
    private static final int MAX_TOKENS = 1 << 20;
    /** Of all tokens together, and of all merges together; also several times what is in use. */
    private static final int MAX_CHARS = 1 << 24;

    private final String source;
    private final Map<String, Integer> idOfToken = new HashMap<>();
    private final TokenTable.Builder table = new TokenTable.Builder();
    private final List<AddedToken> addedTokens = new ArrayList<>();
    private long tokenChars;
    /** The tokens that merges name, one after another. */
    private final StringBuilder mergeText = new StringBuilder();
    /** [2 * rank], [2 * rank + 1]: where the tokens of a merge end in it. */
    private final IntList mergeEnds = new IntList(1 << 10);

    BpeVocabulary(String source) {
        this.source = source;
    }

    /** Takes in {@code vocab}, an object of tokens and ids. */
    void readTokens(JsonInput in) throws IOException {
        for (String token = in.nextName(); token != null; token = in.nextName()) {
            if (!Json.isWellFormed(token)) {
                throw new TokenizerFormatException(source, VOCAB, "tokens without unpaired surrogates",
                        TokenizerFormatException.quote(token));
            }
            Json value = in.outline(VOCAB);
            if (!value.isTokenId()) {
                throw value.at(memberOfVocab(token)).wrong(Json.TOKEN_ID);
            }
            int id = value.tokenId();
            if (table.contains(id)) {
                throw value.at(memberOfVocab(token)).wrong(OTHER_ID);
            }
            keep(token, VOCAB);
            table.add(id, ByteAlphabet.bytesOf(token));
            idOfToken.put(token, id);
        }
    }

    private static String memberOfVocab(String token) {
        return VOCAB + "[" + TokenizerFormatException.quote(token) + "]";
    }

    private void keep(String token, String part) throws TokenizerFormatException {
        tokenChars += token.length();
        if (idOfToken.size() + addedTokens.size() == MAX_TOKENS || tokenChars > MAX_CHARS) {
            throw new TokenizerFormatException(source, part,
                    "at most " + MAX_TOKENS + " tokens of together at most " + MAX_CHARS + " characters", "more");
        }
    }

    /** Takes in {@code merges}, an array of pairs of tokens. */
    void readMerges(JsonInput in) throws IOException {
        for (int rank = 0; in.nextElement(); rank++) {
            if (rank == PairTable.MAX_MERGES) {
                throw tooManyMerges();
            }
            if (in.atArray()) {
                readPair(in, rank);
                continue;
            }
            Json merge = in.outline(MERGES);
            String both = merge.text() == null ? "" : merge.text();
            int space = both.indexOf(' ');
            if (space < 0 || space != both.lastIndexOf(' ')) {
                throw merge.at(merge(rank)).wrong(PAIR);
            }
            add(both, 0, space);
            add(both, space + 1, both.length());
        }
    }

    private void readPair(JsonInput in, int rank) throws IOException {
        int tokens = 0;
        for (; in.nextElement(); tokens++) {
            Json token = in.outline(MERGES);
            if (tokens == 2 || !token.isString()) {
                throw new TokenizerFormatException(source, merge(rank), PAIR, "an array");
            }
            add(token.text(), 0, token.text().length());
        }
        if (tokens < 2) {
            throw new TokenizerFormatException(source, merge(rank), PAIR, "an array");
        }
    }

    private void add(String text, int from, int to) throws TokenizerFormatException {
        mergeText.append(text, from, to);
        mergeEnds.add(mergeText.length());
        if (mergeText.length() > MAX_CHARS) {
            throw tooManyMerges();
        }
    }

    private TokenizerFormatException tooManyMerges() {
        return new TokenizerFormatException(source, MERGES,
                "at most " + PairTable.MAX_MERGES + " merges of together at most " + MAX_CHARS + " characters", "more");
    }

    private static String merge(int rank) {
        return MERGES + "[" + rank + "]";
    }

    /** Takes in {@code added_tokens}, an array of objects. */
    void readAddedTokens(JsonInput in) throws IOException {
        for (int i = 0; in.nextElement(); i++) {
            AddedToken token = AddedToken.of(in.value(ADDED + "[" + i + "]"));
            keep(token.content(), ADDED);
            addedTokens.add(token);
        }
    }

    /** [unsigned byte]: the token that stands for it alone; -1 for some bytes that UTF-8 never has, 20B lacks them. */
    int[] idsOfBytes() throws TokenizerFormatException {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            String token = String.valueOf(ByteAlphabet.characterOf(b));
            Integer id = idOfToken.get(token);
            if (id == null && Utf8.mayContain(b)) {
                throw Json.missing(source, memberOfVocab(token)).wrong(String.format("a token for the byte %02X", b));
            }
            ids[b] = id == null ? -1 : id;
        }
        return ids;
    }

    PairTable pairs(int[] idOfByte) throws TokenizerFormatException {
        int count = mergeEnds.size() / 2;
        int[] left = new int[count];
        int[] right = new int[count];
        int[] merged = new int[count];
        int start = 0;
        for (int rank = 0; rank < count; rank++) {
            int middle = mergeEnds.get(2 * rank);
            int end = mergeEnds.get(2 * rank + 1);
            left[rank] = idOf(mergeText.substring(start, middle), rank);
            right[rank] = idOf(mergeText.substring(middle, end), rank);
            merged[rank] = idOf(mergeText.substring(start, end), rank);
            start = end;
        }
        return new PairTable(left, right, merged, idOfByte);
    }

    private int idOf(String token, int rank) throws TokenizerFormatException {
        Integer id = idOfToken.get(token);
        if (id == null) {
            throw new TokenizerFormatException(source, merge(rank), "a merge of tokens in " + VOCAB + " to another",
                    TokenizerFormatException.quote(token) + ", which is not there");
        }
        return id;
    }

    /** Gives added tokens that are not among the others their place in the table. */
    List<AddedToken> addedTokens() throws TokenizerFormatException {
        Map<String, Integer> seen = new HashMap<>();
        for (int i = 0; i < addedTokens.size(); i++) {
            AddedToken token = addedTokens.get(i);
            String path = ADDED + "[" + i + "]";
            if (token.content().isEmpty() || seen.put(token.content(), i) != null) {
                throw new TokenizerFormatException(source, path + ".content",
                        "text, different from that of every other added token",
                        TokenizerFormatException.quote(token.content()));
            }
            Integer known = idOfToken.get(token.content());
            if (known == null && table.contains(token.id())) {
                throw new TokenizerFormatException(source, path + ".id", OTHER_ID, String.valueOf(token.id()));
            }
            if (known != null && known != token.id()) {
                throw new TokenizerFormatException(source, path + ".id", "the id " + known + " that " + VOCAB
                        + " gives " + TokenizerFormatException.quote(token.content()), String.valueOf(token.id()));
            }
            if (known == null) {
                table.add(token.id(), token.content().getBytes(StandardCharsets.UTF_8));
            }
        }
        return addedTokens;
    }

    /** All tokens, the added ones too once {@link #addedTokens()} was asked. */
    TokenTable tokens() {
        return table.build();
    }
}
