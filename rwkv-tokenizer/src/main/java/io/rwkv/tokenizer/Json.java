package io.rwkv.tokenizer;

import com.fasterxml.jackson.core.JsonToken;

import java.util.Map;
import java.util.Set;

/**
 * A small value of a JSON file that knows where it stands, so that whatever is wrong with it can be said in one sentence.
 *
 * @param source the file's name
 * @param path from the root, such as {@code $.model.vocab}
 * @param kind the token that it is, or begins with; null if there is no value
 * @param text of a string its characters, of a number or a word what stands in the file, else null
 * @param members of an object that was read in full, else empty
 */
record Json(String source, String path, JsonToken kind, String text, Map<String, Json> members) {
    static final String TOKEN_ID = "a token id from 0 to " + TokenTable.MAX_ID;
    private static final int LONGEST_ID = 10;

    /** No value, at a path. */
    static Json missing(String source, String path) {
        return new Json(source, path, null, null, Map.of());
    }

    static Json object(String source, String path, Map<String, Json> members) {
        return new Json(source, path, JsonToken.START_OBJECT, null, members);
    }

    Json get(String name) {
        Json member = members.get(name);
        return member == null ? missing(source, path + "." + name) : member;
    }

    boolean isMissing() {
        return kind == null;
    }

    /** Null or not there at all. */
    boolean isAbsent() {
        return kind == null || kind == JsonToken.VALUE_NULL;
    }

    boolean isObject() {
        return kind == JsonToken.START_OBJECT;
    }

    boolean isArray() {
        return kind == JsonToken.START_ARRAY;
    }

    boolean isString() {
        return kind == JsonToken.VALUE_STRING;
    }

    /** Whether it is this string. */
    boolean is(String wanted) {
        return isString() && text.equals(wanted);
    }

    boolean isZero() {
        return kind != null && kind.isNumeric() && Double.parseDouble(text) == 0;
    }

    /** Refuses names that mean something we do not know. */
    Json object(Set<String> known) throws TokenizerFormatException {
        if (!isObject()) {
            throw wrong("an object");
        }
        for (String name : members.keySet()) {
            if (!known.contains(name)) {
                throw new TokenizerFormatException(source, path, "only options that are implemented",
                        "the option " + TokenizerFormatException.quote(name));
            }
        }
        return this;
    }

    boolean bool() throws TokenizerFormatException {
        if (kind == null || !kind.isBoolean()) {
            throw wrong("true or false");
        }
        return kind == JsonToken.VALUE_TRUE;
    }

    boolean boolOr(boolean missing) throws TokenizerFormatException {
        return isMissing() ? missing : bool();
    }

    /** Text that UTF-8 can hold; JSON itself can name half a surrogate pair. */
    String string() throws TokenizerFormatException {
        if (!isString()) {
            throw wrong("a string");
        }
        if (!isWellFormed(text)) {
            throw wrong("a string without unpaired surrogates");
        }
        return text;
    }

    boolean isTokenId() {
        if (kind != JsonToken.VALUE_NUMBER_INT || text.length() > LONGEST_ID) {
            return false;
        }
        long id = Long.parseLong(text);
        return id >= 0 && id <= TokenTable.MAX_ID;
    }

    int tokenId() throws TokenizerFormatException {
        if (!isTokenId()) {
            throw wrong(TOKEN_ID);
        }
        return Integer.parseInt(text);
    }

    /** The same under its own path, which is not made for each of many values. */
    Json at(String path) {
        return new Json(source, path, kind, text, members);
    }

    static boolean isWellFormed(String text) {
        return Utf8.wellFormed(text).equals(text);
    }

    TokenizerFormatException wrong(String expected) {
        return new TokenizerFormatException(source, path, expected, found());
    }

    private String found() {
        if (kind == null) {
            return "nothing";
        }
        return switch (kind) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> TokenizerFormatException.quote(text);
            default -> TokenizerFormatException.shorten(text);
        };
    }
}
