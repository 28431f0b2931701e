package io.rwkv.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a Hugging Face {@code tokenizer.json} with byte-level BPE. The format is a kit of parts, most of which no RWKV
 * model uses; whatever is not known here is refused by name, since a part left out means wrong ids and no error.
 *
 * <p>
 * The file is read once from its beginning to its end, and only what a vocabulary needs is kept, within limits that every
 * vocabulary in use is far from: a file made to exhaust memory is refused when it passes one of them.
 */
final class TokenizerJson {
    private static final Set<String> PARTS = Set.of("version", "truncation", "padding", "added_tokens", "normalizer",
            "pre_tokenizer", "post_processor", "decoder", "model");
    private static final Set<String> BYTE_LEVEL = Set.of("type", "add_prefix_space", "trim_offsets", "use_regex");
    private static final Set<String> BPE = Set.of("type", "dropout", "unk_token", "continuing_subword_prefix",
            "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges");
    /** Of names in one place, known or not. */
    private static final int MAX_NAMES = 1000;

    final boolean nfc;
    final boolean addPrefixSpace;
    final boolean splits;
    final TokenTable tokens;
    /** [unsigned byte]: the token that stands for it alone; -1 for some bytes that UTF-8 never has, 20B lacks them. */
    final int[] idOfByte;
    final PairTable pairs;
    final List<AddedToken> addedTokens;

    private final String source;
    private final Json root;
    private final BpeVocabulary vocabulary;

    private TokenizerJson(JsonInput in, String source) throws IOException {
        this.source = source;
        vocabulary = new BpeVocabulary(source);
        root = readRoot(in).object(PARTS);
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
        if (!model.get("vocab").isObject()) {
            throw model.get("vocab").wrong("an object of tokens and ids");
        }
        idOfByte = vocabulary.idsOfBytes();
        if (!model.get("merges").isArray()) {
            throw model.get("merges").wrong("an array");
        }
        pairs = vocabulary.pairs(idOfByte);
        if (!root.get("added_tokens").isAbsent() && !root.get("added_tokens").isArray()) {
            throw root.get("added_tokens").wrong("an array");
        }
        addedTokens = vocabulary.addedTokens();
        tokens = vocabulary.tokens();
    }

    static TokenizerJson read(InputStream in, String source) throws IOException {
        return JsonInput.read(in, source, json -> new TokenizerJson(json, source));
    }

    /** Takes in the parts; the long ones go to the vocabulary and leave their outlines here. */
    private Json readRoot(JsonInput in) throws IOException {
        if (!in.atObject()) {
            return in.outline("$");
        }
        Map<String, Json> parts = new LinkedHashMap<>();
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            String path = "$." + name;
            Json part;
            if (name.equals("model") && in.atObject()) {
                part = readModel(in);
            } else if (name.equals("added_tokens") && in.atArray()) {
                part = in.head(path);
                vocabulary.readAddedTokens(in);
            } else {
                part = PARTS.contains(name) ? in.value(path) : in.outline(path);
            }
            put(parts, "$", name, part);
        }
        return Json.object(source, "$", parts);
    }

    private Json readModel(JsonInput in) throws IOException {
        Map<String, Json> options = new LinkedHashMap<>();
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            String path = "$.model." + name;
            Json option;
            if (name.equals("vocab") && in.atObject()) {
                option = in.head(path);
                vocabulary.readTokens(in);
            } else if (name.equals("merges") && in.atArray()) {
                option = in.head(path);
                vocabulary.readMerges(in);
            } else {
                option = in.outline(path);
            }
            put(options, "$.model", name, option);
        }
        return Json.object(source, "$.model", options);
    }

    private void put(Map<String, Json> values, String path, String name, Json value) throws TokenizerFormatException {
        if (values.size() == MAX_NAMES) {
            throw new TokenizerFormatException(source, path, "at most " + MAX_NAMES + " options", "more");
        }
        values.put(name, value);
    }

    private static void require(Json value, String expected) throws TokenizerFormatException {
        if (!value.is(expected)) {
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
        if (!dropout.isAbsent() && !dropout.isZero()) {
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
}
