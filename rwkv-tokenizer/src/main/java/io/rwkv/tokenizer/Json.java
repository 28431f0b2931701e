package io.rwkv.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;

import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.Set;

/**
 * A value in a JSON file that knows where it stands, so that whatever is wrong with it can be said in one sentence.
 *
 * @param source the file's name
 * @param path from the root, such as {@code $.model.vocab}
 * @param node the value, a missing node if there is none
 */
record Json(String source, String path, JsonNode node) {
    static final String TOKEN_ID = "a token id from 0 to " + TokenTable.MAX_ID;

    /** Four times the largest tokenizer.json in use; what a file can make us allocate is a multiple of this. */
    private static final long MAX_BYTES = 1L << 27;
    private static final int MAX_DEPTH = 50;
    private static final int MAX_STRING = 1 << 20;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxDocumentLength(MAX_BYTES)
                    .maxNestingDepth(MAX_DEPTH).maxStringLength(MAX_STRING).maxNameLength(MAX_STRING).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).disable(StreamReadFeature.AUTO_CLOSE_SOURCE).build())
            .build();

    static Json read(InputStream in, String source) throws IOException {
        try (JsonParser parser = MAPPER.createParser(in)) {
            JsonNode root = MAPPER.readTree(parser);
            if (parser.nextToken() != null) {
                throw new TokenizerFormatException(source, where(parser.currentTokenLocation()), "the end of the file",
                        "more JSON");
            }
            return new Json(source, "$", root == null ? MissingNode.getInstance() : root);
        } catch (JsonProcessingException e) {
            throw new TokenizerFormatException(source, where(e.getLocation()), "JSON",
                    "none: " + e.getOriginalMessage(), e);
        } catch (CharConversionException e) {
            throw new TokenizerFormatException(source, "$", "JSON in UTF-8", "none: " + e.getMessage(), e);
        }
    }

    private static String where(JsonLocation at) {
        return at == null ? "$" : "line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    Json get(String name) {
        return new Json(source, path + "." + name, node.path(name));
    }

    Json get(int index) {
        return new Json(source, path + "[" + index + "]", node.path(index));
    }

    /** A member under any name. */
    Json member(String name) {
        return new Json(source, path + "[" + TokenizerFormatException.quote(name) + "]", node.path(name));
    }

    boolean isMissing() {
        return node.isMissingNode();
    }

    /** Null or not there at all. */
    boolean isAbsent() {
        return node.isMissingNode() || node.isNull();
    }

    /** Refuses names that mean something we do not know. */
    Json object(Set<String> known) throws TokenizerFormatException {
        if (!node.isObject()) {
            throw wrong("an object");
        }
        for (Iterator<String> names = node.fieldNames(); names.hasNext();) {
            String name = names.next();
            if (!known.contains(name)) {
                throw new TokenizerFormatException(source, path, "only options that are implemented",
                        "the option " + TokenizerFormatException.quote(name));
            }
        }
        return this;
    }

    Json array() throws TokenizerFormatException {
        if (!node.isArray()) {
            throw wrong("an array");
        }
        return this;
    }

    boolean bool() throws TokenizerFormatException {
        if (!node.isBoolean()) {
            throw wrong("true or false");
        }
        return node.booleanValue();
    }

    boolean boolOr(boolean missing) throws TokenizerFormatException {
        return isMissing() ? missing : bool();
    }

    /** Text that UTF-8 can hold; JSON itself can name half a surrogate pair. */
    String string() throws TokenizerFormatException {
        if (!node.isTextual()) {
            throw wrong("a string");
        }
        if (!isWellFormed(node.textValue())) {
            throw wrong("a string without unpaired surrogates");
        }
        return node.textValue();
    }

    int tokenId() throws TokenizerFormatException {
        if (!isTokenId(node)) {
            throw wrong(TOKEN_ID);
        }
        return node.intValue();
    }

    static boolean isTokenId(JsonNode node) {
        return node.isInt() && node.intValue() >= 0 && node.intValue() <= TokenTable.MAX_ID;
    }

    static boolean isWellFormed(String text) {
        return Utf8.wellFormed(text).equals(text);
    }

    TokenizerFormatException wrong(String expected) {
        return new TokenizerFormatException(source, path, expected, found());
    }

    private String found() {
        if (node.isMissingNode()) {
            return "nothing";
        }
        if (node.isObject() || node.isArray()) {
            return node.isObject() ? "an object" : "an array";
        }
        return node.isTextual()
                ? TokenizerFormatException.quote(node.textValue())
                : TokenizerFormatException.shorten(node.asText());
    }
}
