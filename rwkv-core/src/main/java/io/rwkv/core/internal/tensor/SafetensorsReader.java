package io.rwkv.core.internal.tensor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Opens <a href="https://github.com/huggingface/safetensors">safetensors</a> files: a little-endian 64-bit header length, a JSON
 * header, and the tensors' data, without gaps or overlaps. The header is parsed and checked; the data is mapped.
 *
 * <p>Reads the headers that the format's own implementation reads, except two kinds, which are refused: a name that comes twice
 * (the format forbids it), and entries that are written in another way than the format describes. Unknown fields of an entry are
 * ignored, as there.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class SafetensorsReader {
    /** The limit of the format's own implementation. */
    private static final long MAX_HEADER = 100_000_000;
    /** That of NumPy and PyTorch. */
    private static final int MAX_DIMENSIONS = 64;
    /** Of values in fields that are passed over; the limit of the format's own implementation. */
    private static final int MAX_DEPTH = 125;

    private static final String METADATA = "__metadata__";

    /** The format's types that are not read, and the bits of an element, which need not fill bytes alone. */
    private static final Map<String, Integer> UNREAD = Map.ofEntries(Map.entry("U16", 16), Map.entry("U32", 32),
            Map.entry("U64", 64), Map.entry("C64", 64), Map.entry("F8_E5M2", 8), Map.entry("F8_E4M3", 8),
            Map.entry("F8_E8M0", 8), Map.entry("F8_E4M3FNUZ", 8), Map.entry("F8_E5M2FNUZ", 8),
            Map.entry("F6_E2M3", 6), Map.entry("F6_E3M2", 6), Map.entry("F4", 4));

    /** Names come from the file: kept in no table that outlives the reading, or that fails where many have one hash. */
    private static final JsonFactory JSON = JsonFactory.builder().disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build();

    private final MappedFile file;
    private final TensorFile.Builder tensors;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final List<Extent> extents = new ArrayList<>();
    private long dataStart;

    private record Extent(String tensor, long start, long end) {}

    private SafetensorsReader(MappedFile file) {
        this.file = file;
        this.tensors = TensorFile.builder(file.path(), "safetensors");
    }

    /**
     * Opens a file.
     *
     * @throws RwkvFormatException if the file is not a well-formed safetensors file
     * @throws IOException if the file cannot be read at all
     */
    public static TensorFile open(Path path) throws IOException {
        return open(MappedFile.open(path));
    }

    /**
     * Opens a file that is already mapped.
     *
     * @throws RwkvFormatException as {@link #open(Path)}
     */
    public static TensorFile open(MappedFile file) {
        SafetensorsReader reader = new SafetensorsReader(file);
        reader.read();
        return reader.tensors.metadata(reader.metadata).build();
    }

    private void read() {
        if (file.size() < 8) {
            throw RwkvFormatException.inFile(file.path(),
                    "expected a safetensors header of at least 8 bytes, found " + file.size() + " bytes");
        }
        long length = file.slice(0, 8).getLong(0);
        if (length < 2 || length > Math.min(MAX_HEADER, file.size() - 8)) {
            throw RwkvFormatException.atOffset(file.path(), 0, "expected a safetensors header length between 2 and "
                    + Math.min(MAX_HEADER, file.size() - 8) + ", found " + Long.toUnsignedString(length));
        }
        dataStart = 8 + length;
        try (JsonParser json = JSON.createParser(header())) {
            readHeader(json);
        } catch (JsonProcessingException e) {
            throw RwkvFormatException.inFile(file.path(), "malformed safetensors header: " + e.getOriginalMessage(), e);
        } catch (CharacterCodingException e) {
            throw RwkvFormatException.inFile(file.path(),
                    "malformed safetensors header: expected UTF-8, found other bytes", e);
        } catch (IOException e) {
            throw RwkvFormatException.inFile(file.path(), "malformed safetensors header: " + e.getMessage(), e);
        }
        checkExtents();
    }

    /** Characters, not bytes: of bytes the parser would guess the charset, and take what is no UTF-8. */
    private Reader header() {
        return new InputStreamReader(file.input(8, dataStart), StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT));
    }

    private void readHeader(JsonParser json) throws IOException {
        expect(json, json.nextToken(), JsonToken.START_OBJECT, "header");
        boolean described = false;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = wellFormed(json, json.currentName());
            json.nextToken();
            if (!name.equals(METADATA)) {
                readTensor(json, name);
            } else if (described) {
                throw twice(json, name);
            } else {
                described = true;
                readMetadata(json);
            }
        }
        if (json.nextToken() != null) {
            throw malformed("expected the end of the header", json);
        }
    }

    private void readMetadata(JsonParser json) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return; // as Python's None becomes
        }
        expect(json, json.currentToken(), JsonToken.START_OBJECT, METADATA);
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = wellFormed(json, json.currentName());
            expect(json, json.nextToken(), JsonToken.VALUE_STRING, METADATA + "." + key);
            if (metadata.put(key, wellFormed(json, json.getText())) != null) {
                throw twice(json, METADATA + "." + key);
            }
        }
    }

    private void readTensor(JsonParser json, String name) throws IOException {
        expect(json, json.currentToken(), JsonToken.START_OBJECT, name);
        String type = null;
        long[] shape = null;
        long[] offsets = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            boolean first = true;
            switch (field) {
                case "dtype" -> {
                    first = type == null;
                    expect(json, json.currentToken(), JsonToken.VALUE_STRING, name + ".dtype");
                    type = json.getText();
                }
                case "shape" -> {
                    first = shape == null;
                    shape = integers(json, name + ".shape", MAX_DIMENSIONS);
                }
                case "data_offsets" -> {
                    first = offsets == null;
                    offsets = integers(json, name + ".data_offsets", 2);
                }
                default -> skip(json, name);
            }
            if (!first) {
                throw twice(json, name + "." + field);
            }
        }
        if (type == null || shape == null || offsets == null || offsets.length != 2) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected dtype, shape and two data_offsets");
        }
        DType dtype = UNREAD.containsKey(type) ? null : dtype(name, type);
        if (offsets[0] > offsets[1] || offsets[1] > file.size() - dataStart) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected data_offsets within the "
                    + (file.size() - dataStart) + " bytes of data, found " + Arrays.toString(offsets));
        }
        if (tensors.contains(name)) {
            throw twice(json, name);
        }
        if (dtype == null) {
            checkSize(name, type, shape, offsets, unreadBytes(name, type, shape));
            tensors.unread(name, type);
        } else {
            MappedTensor tensor = MappedTensor.contiguous(file, name, dtype, shape, dataStart + offsets[0]);
            checkSize(name, type, shape, offsets, dtype.bytes(tensor.elementCount()));
            tensors.tensor(name, tensor);
        }
        extents.add(new Extent(name, offsets[0], offsets[1]));
    }

    private DType dtype(String name, String type) {
        return Elements.plain().stream().filter(d -> d.name().equals(type)).findFirst()
                .orElseThrow(() -> RwkvFormatException.inTensor(file.path(), name,
                        "expected a dtype among " + Elements.plain() + ", found " + type));
    }

    private long unreadBytes(String name, String type, long[] shape) {
        try {
            long all = Arrays.stream(shape).reduce(UNREAD.get(type), Math::multiplyExact);
            if (all % Byte.SIZE != 0) {
                throw RwkvFormatException.inTensor(file.path(), name, "expected whole bytes, found " + all
                        + " bits for " + type + Arrays.toString(shape));
            }
            return all / Byte.SIZE;
        } catch (ArithmeticException e) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected a size that fits the file, found shape "
                    + Arrays.toString(shape));
        }
    }

    private void checkSize(String name, String type, long[] shape, long[] offsets, long bytes) {
        if (bytes != offsets[1] - offsets[0]) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected " + bytes + " bytes for " + type
                    + Arrays.toString(shape) + ", found data_offsets " + Arrays.toString(offsets));
        }
    }

    /** Passes over a value of any kind. */
    private void skip(JsonParser json, String where) throws IOException {
        for (int depth = 0;; json.nextToken()) {
            if (json.currentToken().isStructStart()) {
                depth++;
            } else if (json.currentToken().isStructEnd()) {
                depth--;
            }
            if (depth == 0) {
                return;
            }
            if (depth > MAX_DEPTH) {
                throw malformed(where + ": expected values nested " + MAX_DEPTH + " deep at most, found more", json);
            }
        }
    }

    private long[] integers(JsonParser json, String where, int most) throws IOException {
        expect(json, json.currentToken(), JsonToken.START_ARRAY, where);
        long[] values = new long[most];
        int n = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            expect(json, json.currentToken(), JsonToken.VALUE_NUMBER_INT, where);
            if (n == most || json.getLongValue() < 0) {
                throw malformed(where + ": expected at most " + most + " numbers, none negative", json);
            }
            values[n++] = json.getLongValue();
        }
        return Arrays.copyOf(values, n);
    }

    /** The format has no gaps and no overlaps; a file that has them could show one thing here and another elsewhere. */
    private void checkExtents() {
        List<Extent> sorted = new ArrayList<>(extents);
        sorted.sort(Comparator.comparingLong(Extent::start).thenComparingLong(Extent::end));
        long end = 0;
        for (Extent extent : sorted) {
            if (extent.start != end) {
                throw RwkvFormatException.inTensor(file.path(), extent.tensor,
                        "expected data_offsets to start at " + end + ", where the previous tensor ends, found "
                                + extent.start);
            }
            end = extent.end;
        }
        if (end != file.size() - dataStart) {
            throw RwkvFormatException.atOffset(file.path(), dataStart + end, "expected the end of the file, found "
                    + (file.size() - dataStart - end) + " bytes that belong to no tensor");
        }
    }

    private void expect(JsonParser json, JsonToken found, JsonToken expected, String where) {
        if (found != expected) {
            throw malformed(where + ": expected " + expected + ", found " + found, json);
        }
    }

    /** JSON can write half of a character that takes two, which is no text. */
    private String wellFormed(JsonParser json, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(++i))) {
                    throw malformed("malformed safetensors header: expected whole characters, found half of one",
                            json);
                }
            }
        }
        return text;
    }

    private RwkvFormatException twice(JsonParser json, String what) {
        return malformed("malformed safetensors header: expected each name once, found " + what + " again", json);
    }

    private RwkvFormatException malformed(String detail, JsonParser json) {
        return RwkvFormatException.atOffset(file.path(), byteOffset(json.currentLocation().getCharOffset()), detail);
    }

    /** Where so many characters of the header end, in bytes from the start of the file. */
    private long byteOffset(long characters) {
        long bytes = 8;
        try (Reader header = header()) {
            for (long i = 0; i < characters; i++) {
                int c = header.read();
                bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate((char) c) ? 2 : 3;
            }
        } catch (IOException e) {
            throw new AssertionError("was read before", e);
        }
        return bytes;
    }
}
