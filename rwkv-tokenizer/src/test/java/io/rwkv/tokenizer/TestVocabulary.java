package io.rwkv.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Builds small tokenizer.json files: ids 0 to 255 are the bytes, then one id for each merge, then the added tokens. */
final class TestVocabulary {
    static final String SOURCE = "small.json";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    final ObjectNode root = MAPPER.createObjectNode();
    private int nextId = 256;

    /** @param merges as "a b", in the byte alphabet */
    TestVocabulary(String... merges) {
        root.put("version", "1.0").putNull("truncation").putNull("padding").putArray("added_tokens");
        root.putObject("normalizer").put("type", "NFC");
        for (String part : List.of("pre_tokenizer", "post_processor", "decoder")) {
            root.putObject(part).put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", true);
        }
        root.putObject("model").put("type", "BPE").putNull("dropout").putNull("unk_token")
                .putNull("continuing_subword_prefix").putNull("end_of_word_suffix").put("fuse_unk", false);
        ObjectNode vocab = model().putObject("vocab");
        for (int b = 0; b < 256; b++) {
            vocab.put(String.valueOf(ByteAlphabet.characterOf(b)), b);
        }
        ArrayNode list = model().putArray("merges");
        for (String merge : merges) {
            list.add(merge);
            String token = merge.replace(" ", "");
            if (!vocab.has(token)) {
                vocab.put(token, nextId++);
            }
        }
    }

    ObjectNode model() {
        return (ObjectNode) root.get("model");
    }

    ObjectNode vocab() {
        return (ObjectNode) model().get("vocab");
    }

    ObjectNode part(String name) {
        return (ObjectNode) root.get(name);
    }

    /** Adds a token; {@code flags} are the names of those that are true. Returns its id, that of the model if it has one. */
    int add(String content, String... flags) {
        int id = vocab().has(content) ? vocab().get(content).intValue() : nextId++;
        ObjectNode token = ((ArrayNode) root.get("added_tokens")).addObject().put("id", id).put("content", content);
        for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized", "special")) {
            token.put(flag, List.of(flags).contains(flag));
        }
        return id;
    }

    BpeTokenizer load() throws IOException {
        return load(root.toString());
    }

    static BpeTokenizer load(String json) throws IOException {
        return BpeTokenizer.load(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), SOURCE);
    }
}
