package io.rwkv.core.internal.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;

import io.rwkv.core.RwkvFormatException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The safetensors header of a saved state, whatever it says. States are read from streams as they come, so their header is read
 * before there is a file to map. Immutable.
 *
 * @param metadata the lines of {@code __metadata__}
 * @param entries by tensor name
 */
record SavedHeader(Map<String, String> metadata, Map<String, Entry> entries) {
    private static final String METADATA = "__metadata__";
    private static final int MAX_DIMENSIONS = 8;
    private static final JsonFactory JSON = JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build();

    /**
     * @param start of the data, in bytes from the end of the header
     * @param end likewise, exclusive
     */
    record Entry(String dtype, long[] shape, long start, long end) {}

    /**
     * @param from names it in messages
     * @throws RwkvFormatException if it is none
     */
    static SavedHeader parse(byte[] header, Path from) {
        try (JsonParser json = JSON.createParser(header)) {
            return parse(json);
        } catch (JsonProcessingException e) {
            throw RwkvFormatException.inFile(from, "malformed safetensors header: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw RwkvFormatException.inFile(from, "malformed safetensors header: " + e.getMessage(), e);
        }
    }

    private static SavedHeader parse(JsonParser json) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, Entry> entries = new LinkedHashMap<>();
        expect(json, json.nextToken(), JsonToken.START_OBJECT, "header");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            expect(json, json.nextToken(), JsonToken.START_OBJECT, name);
            if (!name.equals(METADATA)) {
                entries.put(name, entry(json, name));
                continue;
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String key = json.currentName();
                expect(json, json.nextToken(), JsonToken.VALUE_STRING, METADATA + "." + key);
                metadata.put(key, json.getText());
            }
        }
        expect(json, json.nextToken(), null, "after the header");
        return new SavedHeader(metadata, entries);
    }

    private static Entry entry(JsonParser json, String name) throws IOException {
        String dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "dtype" -> {
                    expect(json, json.currentToken(), JsonToken.VALUE_STRING, name + ".dtype");
                    dtype = json.getText();
                }
                case "shape" -> shape = integers(json, name + ".shape", MAX_DIMENSIONS);
                case "data_offsets" -> offsets = integers(json, name + ".data_offsets", 2);
                default -> json.skipChildren(); // as the format's own implementation does
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw malformed(json, name + ": expected dtype, shape and two data_offsets");
        }
        return new Entry(dtype, shape, offsets[0], offsets[1]);
    }

    private static long[] integers(JsonParser json, String where, int most) throws IOException {
        expect(json, json.currentToken(), JsonToken.START_ARRAY, where);
        long[] values = new long[most];
        int n = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            expect(json, json.currentToken(), JsonToken.VALUE_NUMBER_INT, where);
            if (n == most || json.getLongValue() < 0) {
                throw malformed(json, where + ": expected at most " + most + " numbers, none negative");
            }
            values[n++] = json.getLongValue();
        }
        return Arrays.copyOf(values, n);
    }

    private static void expect(JsonParser json, JsonToken found, JsonToken expected, String where)
            throws IOException {
        if (found != expected) {
            throw malformed(json, where + ": expected " + (expected == null ? "the end" : expected) + ", found "
                    + (found == null ? "the end" : found));
        }
    }

    private static IOException malformed(JsonParser json, String detail) {
        return new IOException(detail + ", at byte " + json.currentLocation().getByteOffset());
    }
}
