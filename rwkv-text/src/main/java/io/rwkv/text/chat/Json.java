package io.rwkv.text.chat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Small JSON texts as trees of {@link Map}, {@link List}, {@link String}, {@link Num}, {@link Boolean} and null, in the order of
 * the text. A name that appears twice in an object is refused: no reader could know which is meant.
 */
final class Json {
    /** Deeper values are refused. */
    static final int MAX_DEPTH = 200;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private Json() {
    }

    /** A number as it is written. */
    record Num(String text) {
        /** The number as an int; null if it is none. */
        Integer intValue() {
            try {
                return new BigDecimal(text).intValueExact();
            } catch (ArithmeticException e) {
                return null;
            }
        }
    }

    /**
     * Reads a text that is one value.
     *
     * @throws IllegalArgumentException if it is no JSON; the message has line and column
     */
    static Object parse(String text) {
        try (JsonParser in = FACTORY.createParser(text)) {
            if (in.nextToken() == null) {
                throw new IllegalArgumentException("expected JSON, found nothing");
            }
            Object value = value(in, 0);
            if (in.nextToken() != null) {
                throw new IllegalArgumentException(
                        "expected the end after the value, found more" + at(in.currentTokenLocation()));
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "expected JSON, found something else" + at(e.getLocation()) + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("text in memory can always be read", e);
        }
    }

    private static String at(JsonLocation where) {
        return where == null ? "" : " in line " + where.getLineNr() + ", column " + where.getColumnNr();
    }

    private static Object value(JsonParser in, int depth) throws IOException {
        if (depth > MAX_DEPTH) {
            throw new IllegalArgumentException("expected values at most " + MAX_DEPTH + " deep, found deeper ones"
                    + at(in.currentTokenLocation()));
        }
        switch (in.currentToken()) {
            case START_OBJECT : {
                Map<String, Object> members = new LinkedHashMap<>();
                while (in.nextToken() != JsonToken.END_OBJECT) {
                    String name = in.currentName();
                    in.nextToken();
                    members.put(name, value(in, depth + 1));
                }
                return members;
            }
            case START_ARRAY : {
                List<Object> elements = new ArrayList<>();
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(in, depth + 1));
                }
                return elements;
            }
            case VALUE_STRING :
                return in.getText();
            case VALUE_NUMBER_INT :
            case VALUE_NUMBER_FLOAT :
                return new Num(in.getText());
            case VALUE_TRUE :
            case VALUE_FALSE :
                return in.getBooleanValue();
            case VALUE_NULL :
                return null;
            default :
                throw new IllegalArgumentException("expected a value" + at(in.currentTokenLocation()));
        }
    }

    /** What kind of value it is, in words. */
    static String kind(Object value) {
        return value == null
                ? "null"
                : value instanceof Map
                        ? "an object"
                        : value instanceof List
                                ? "an array"
                                : value instanceof String
                                        ? "a string"
                                        : value instanceof Num ? "a number" : "a boolean";
    }

    /** A tree as JSON on one line. */
    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> members) {
            String next = "{";
            for (Map.Entry<?, ?> member : members.entrySet()) {
                out.append(next);
                quote((String) member.getKey(), out);
                out.append(':');
                write(member.getValue(), out);
                next = ",";
            }
            out.append(members.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> elements) {
            String next = "[";
            for (Object element : elements) {
                out.append(next);
                write(element, out);
                next = ",";
            }
            out.append(elements.isEmpty() ? "[]" : "]");
        } else if (value instanceof String text) {
            quote(text, out);
        } else {
            out.append(value instanceof Num number ? number.text : String.valueOf(value)); // or a boolean, null, an int
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                out.append("\\u").append(HexFormat.of().toHexDigits(c)); // so that an unpaired one stays what it is
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    /** A well-formed text without line breaks and blanks between its parts, all else as it is written. */
    static String compact(String json) {
        StringBuilder out = new StringBuilder(json.length());
        boolean string = false;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (string && c == '\\') {
                out.append(c).append(json.charAt(++i));
                continue;
            }
            string ^= c == '"';
            if (string || c != ' ' && c != '\t' && c != '\n' && c != '\r') {
                out.append(c);
            }
        }
        return out.toString();
    }
}
