package io.rwkv.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a Hugging Face {@code tokenizer.json} with byte-level BPE. The format is a kit of parts, most of which no RWKV
 * model uses; whatever is not known here is refused by name, since a part left out means wrong ids and no error.
 */
final class TokenizerJson {
    private static final Set<String> PARTS = Set.of("version", "truncation", "padding", "added_tokens", "normalizer",
            "pre_tokenizer", "post_processor", "decoder", "model");
    private static final Set<String> BYTE_LEVEL = Set.of("type", "add_prefix_space", "trim_offsets", "use_regex");
    private static final Set<String> BPE = Set.of("type", "dropout", "unk_token", "continuing_subword_prefix",
            "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges");
    private static final Set<String> ADDED_TOKEN = Set.of("id", "content", "single_word", "lstrip", "rstrip",
            "normalized", "special");

    final boolean nfc;
    final boolean addPrefixSpace;
    final boolean splits;
    final TokenTable tokens;
    /** [unsigned byte]: the token that stands for it alone; -1 for some bytes that UTF-8 never has, 20B lacks them. */
    final int[] idOfByte;
    final PairTable pairs;
    final List<AddedToken> addedTokens;

    private final Json root;
    private final Map<String, Integer> idOfToken = new HashMap<>();
    private final TokenTable.Builder table = new TokenTable.Builder();

    private TokenizerJson(Json root) throws TokenizerFormatException {
        this.root = root.object(PARTS);
        if (!root.get("version").isMissing()) {
            require(root.get("version"), "1.0");
        }
        requireAbsent(root.get("truncation"));
        requireAbsent(root.get("padding"));

        Json normalizer = root.get("normalizer");
        nfc = !normalizer.isAbsent();
        if (nfc) {
            require(normalizer.get("type"), "NFC");
            normalizer.object(Set.of("type"));
        }
        Json preTokenizer = byteLevel("pre_tokenizer");
        addPrefixSpace = preTokenizer.get("add_prefix_space").bool();
        splits = preTokenizer.get("use_regex").boolOr(true);
        // These two have options, but none that touches the ids of a text or the text of ids.
        byteLevel("decoder");
        if (!root.get("post_processor").isAbsent()) {
            byteLevel("post_processor");
        }

        Json model = root.get("model");
        require(model.get("type"), "BPE");
        model.object(BPE);
        checkOptions(model);
        readVocabulary(model.get("vocab"));
        idOfByte = idsOfBytes(model.get("vocab"));
        pairs = readMerges(model.get("merges").array());
        addedTokens = readAddedTokens(root.get("added_tokens"));
        tokens = table.build();
    }

    static TokenizerJson read(InputStream in, String source) throws IOException {
        return new TokenizerJson(Json.read(in, source));
    }

    private static void require(Json value, String expected) throws TokenizerFormatException {
        if (!expected.equals(value.node().textValue())) {
            throw value.wrong(TokenizerFormatException.quote(expected));
        }
    }

    private static void requireAbsent(Json value) throws TokenizerFormatException {
        if (!value.isAbsent()) {
            throw value.wrong("null");
        }
    }

    private Json byteLevel(String part) throws TokenizerFormatException {
        Json value = root.get(part);
        if (value.isAbsent()) {
            throw value.wrong("an object of type \"ByteLevel\"");
        }
        require(value.get("type"), "ByteLevel");
        value.object(BYTE_LEVEL);
        for (String option : BYTE_LEVEL) {
            if (!option.equals("type")) {
                value.get(option).boolOr(false);
            }
        }
        return value;
    }

    /**
     * Options that would change ids are refused. Unknown tokens and the fallback to bytes are read and never needed:
     * every byte that UTF-8 may have must have a token.
     */
    private static void checkOptions(Json model) throws TokenizerFormatException {
        Json dropout = model.get("dropout");
        if (!dropout.isAbsent() && !(dropout.node().isNumber() && dropout.node().doubleValue() == 0)) {
            throw dropout.wrong("null or 0");
        }
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.get(affix).isAbsent() && !model.get(affix).string().isEmpty()) {
                throw model.get(affix).wrong("null or \"\"");
            }
        }
        if (model.get("ignore_merges").boolOr(false)) {
            throw model.get("ignore_merges").wrong("false");
        }
        if (!model.get("unk_token").isAbsent()) {
            model.get("unk_token").string();
        }
        model.get("fuse_unk").boolOr(false);
        model.get("byte_fallback").boolOr(false);
    }

    private void readVocabulary(Json vocab) throws TokenizerFormatException {
        if (!vocab.node().isObject()) {
            throw vocab.wrong("an object of tokens and ids");
        }
        for (Map.Entry<String, JsonNode> entry : vocab.node().properties()) {
            String token = entry.getKey();
            if (!Json.isWellFormed(token)) {
                throw new TokenizerFormatException(vocab.source(), vocab.path(), "tokens without unpaired surrogates",
                        TokenizerFormatException.quote(token));
            }
            if (!Json.isTokenId(entry.getValue())) {
                throw vocab.member(token).wrong(Json.TOKEN_ID);
            }
            int id = entry.getValue().intValue();
            if (table.contains(id)) {
                throw vocab.member(token).wrong("an id that no other token has");
            }
            table.add(id, ByteAlphabet.bytesOf(token));
            idOfToken.put(token, id);
        }
    }

    private int[] idsOfBytes(Json vocab) throws TokenizerFormatException {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            String token = String.valueOf(ByteAlphabet.characterOf(b));
            Integer id = idOfToken.get(token);
            if (id == null && Utf8.mayContain(b)) {
                throw vocab.member(token).wrong(String.format("a token for the byte %02X", b));
            }
            ids[b] = id == null ? -1 : id;
        }
        return ids;
    }

    private PairTable readMerges(Json merges) throws TokenizerFormatException {
        int count = merges.node().size();
        if (count > PairTable.MAX_MERGES) {
            throw new TokenizerFormatException(merges.source(), merges.path(),
                    "at most " + PairTable.MAX_MERGES + " merges", count + " of them");
        }
        int[] left = new int[count];
        int[] right = new int[count];
        int[] merged = new int[count];
        for (int rank = 0; rank < count; rank++) {
            String first;
            String second;
            JsonNode merge = merges.node().get(rank);
            if (merge.isArray() && merge.size() == 2 && merge.get(0).isTextual() && merge.get(1).isTextual()) {
                first = merge.get(0).textValue();
                second = merge.get(1).textValue();
            } else {
                String both = merge.isTextual() ? merge.textValue() : "";
                int space = both.indexOf(' ');
                if (space < 0 || space != both.lastIndexOf(' ')) {
                    throw merges.get(rank).wrong("two tokens, as \"a b\" or [\"a\", \"b\"]");
                }
                first = both.substring(0, space);
                second = both.substring(space + 1);
            }
            left[rank] = idOf(first, merges, rank);
            right[rank] = idOf(second, merges, rank);
            merged[rank] = idOf(first + second, merges, rank);
        }
        return new PairTable(left, right, merged, idOfByte);
    }

    private int idOf(String token, Json merges, int rank) throws TokenizerFormatException {
        Integer id = idOfToken.get(token);
        if (id == null) {
            throw new TokenizerFormatException(merges.source(), merges.get(rank).path(),
                    "a merge of tokens in $.model.vocab to another",
                    TokenizerFormatException.quote(token) + ", which is not there");
        }
        return id;
    }

    private List<AddedToken> readAddedTokens(Json list) throws TokenizerFormatException {
        List<AddedToken> added = new ArrayList<>();
        if (list.isAbsent()) {
            return added;
        }
        Map<String, Integer> seen = new HashMap<>();
        for (int i = 0; i < list.array().node().size(); i++) {
            Json entry = list.get(i).object(ADDED_TOKEN);
            Json content = entry.get("content");
            AddedToken token = new AddedToken(entry.get("id").tokenId(), content.string(),
                    entry.get("single_word").bool(), entry.get("lstrip").bool(), entry.get("rstrip").bool(),
                    entry.get("normalized").bool(), entry.get("special").bool());
            if (token.content().isEmpty() || seen.put(token.content(), i) != null) {
                throw content.wrong("text, different from that of every other added token");
            }
            Integer known = idOfToken.get(token.content());
            if (known == null && table.contains(token.id())) {
                throw entry.get("id").wrong("an id that no other token has");
            }
            if (known != null && known != token.id()) {
                throw entry.get("id")
                        .wrong("the id " + known + " that $.model.vocab gives " + TokenizerFormatException.quote(
                                token.content()));
            }
            if (known == null) {
                table.add(token.id(), token.content().getBytes(StandardCharsets.UTF_8));
            }
            added.add(token);
        }
        return added;
    }
}
