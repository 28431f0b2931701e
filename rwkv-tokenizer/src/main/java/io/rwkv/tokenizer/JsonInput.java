package io.rwkv.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A JSON file that is read from beginning to end, one value at a time: nothing is held but what the caller keeps. Every
 * reading method leaves off at the end of its value.
 */
final class JsonInput {
    /** Of the parts that are read as trees, which have about ten options. */
    private static final int MAX_OPTIONS = 1000;
    private static final int MAX_OPTION_CHARS = 1 << 21;

    /** Names are as many as tokens, and seen once: they are kept in no table, of the JVM's or the parser's own. */
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES).disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    /** Reads the value of the whole file. */
    interface Parts<T> {
        T read(JsonInput in) throws IOException;
    }

    private final String source;
    private final JsonParser parser;

    private JsonInput(String source, JsonParser parser) {
        this.source = source;
        this.parser = parser;
    }

    /**
     * Reads a file.
     *
     * @param file the bytes, read to the end; the caller closes it
     * @param parts reads the value to its end
     * @throws TokenizerFormatException if the file is no JSON, or larger in any way than {@link JsonLimits} says
     */
    static <T> T read(InputStream file, String source, Parts<T> parts) throws IOException {
        // Of bytes the parser would guess the charset.
        Reader text = new InputStreamReader(new JsonLimits(file), StandardCharsets.UTF_8);
        try (JsonParser parser = FACTORY.createParser(text)) {
            parser.nextToken();
            T value = parts.read(new JsonInput(source, parser));
            if (parser.nextToken() != null) {
                throw new TokenizerFormatException(source, where(parser.currentTokenLocation()), "the end of the file",
                        "more JSON");
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new TokenizerFormatException(source, where(e.getLocation()), "JSON",
                    "none: " + e.getOriginalMessage(), e);
        } catch (JsonLimits.PassedException e) {
            throw new TokenizerFormatException(source, where(e.line, e.column), "JSON", "none: " + e.getMessage(), e);
        }
    }

    private static String where(JsonLocation at) {
        return at == null ? "$" : where(at.getLineNr(), at.getColumnNr());
    }

    private static String where(long line, long column) {
        return "line " + line + ", column " + column;
    }

    boolean atObject() {
        return parser.currentToken() == JsonToken.START_OBJECT;
    }

    boolean atArray() {
        return parser.currentToken() == JsonToken.START_ARRAY;
    }

    /** Goes on to the next member's value, from within an object; null at the object's end. */
    String nextName() throws IOException {
        if (parser.nextToken() != JsonToken.FIELD_NAME) {
            return null;
        }
        String name = parser.currentName();
        parser.nextToken();
        return name;
    }

    /** Goes on to the next element, from within an array; false at the array's end. */
    boolean nextElement() throws IOException {
        return parser.nextToken() != JsonToken.END_ARRAY;
    }

    /** What begins here, before its members or elements are read. */
    Json head(String path) throws IOException {
        return head(path, Map.of());
    }

    /** The value, of which a composite one is only known as such: what it holds is not kept. */
    Json outline(String path) throws IOException {
        Json value = head(path);
        parser.skipChildren();
        return value;
    }

    /** The value, objects with all their members; arrays are only known as such. For parts of a few options. */
    Json value(String path) throws IOException {
        return value(path, new Budget(path));
    }

    private Json value(String path, Budget budget) throws IOException {
        if (!atObject()) {
            Json value = outline(path);
            budget.spend(value.text() == null ? 0 : value.text().length());
            return value;
        }
        Map<String, Json> members = new LinkedHashMap<>();
        Json value = head(path, members);
        for (String name = nextName(); name != null; name = nextName()) {
            budget.spend(name.length());
            members.put(name, value(path + "." + name, budget));
        }
        return value;
    }

    private Json head(String path, Map<String, Json> members) throws IOException {
        JsonToken kind = parser.currentToken();
        return new Json(source, path, kind, kind == null || kind.isStructStart() ? null : parser.getText(), members);
    }

    /** What may be kept of one part. */
    private final class Budget {
        private final String path;
        private int options;
        private int chars;

        Budget(String path) {
            this.path = path;
        }

        void spend(int text) throws TokenizerFormatException {
            chars += text;
            if (++options > MAX_OPTIONS || chars > MAX_OPTION_CHARS) {
                throw new TokenizerFormatException(source, path,
                        "at most " + MAX_OPTIONS + " options of together at most " + MAX_OPTION_CHARS + " characters",
                        "more");
            }
        }
    }
}
