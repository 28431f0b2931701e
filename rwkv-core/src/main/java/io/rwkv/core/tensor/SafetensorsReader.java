package io.rwkv.core.tensor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;

import io.rwkv.core.RwkvFormatException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the directory of a <a href="https://github.com/huggingface/safetensors">safetensors</a> file: a little-endian
 * 64-bit header length, a JSON header, and the data, without gaps or overlaps. The data itself is mapped.
 */
public final class SafetensorsReader {
    /** The limit of the format's own implementation. */
    private static final long MAX_HEADER = 100_000_000;

    private static final JsonFactory JSON = JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(8).maxNameLength(4096)
                    .maxStringLength(1 << 20).maxNumberLength(20).build())
            .build();

    private final MappedFile file;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    private final List<Extent> extents = new ArrayList<>();
    private long dataStart;

    private record Extent(String tensor, long start, long end) {}

    private SafetensorsReader(MappedFile file) {
        this.file = file;
    }

    /**
     * Opens a file.
     *
     * @throws RwkvFormatException if it is not a well-formed safetensors file
     * @throws IOException if it cannot be read at all
     */
    public static TensorFile open(Path path) throws IOException {
        return open(MappedFile.open(path));
    }

    /** As {@link #open(Path)}, for a file that is mapped already. */
    public static TensorFile open(MappedFile file) {
        SafetensorsReader reader = new SafetensorsReader(file);
        reader.read();
        return new TensorFile(file.path(), "safetensors", reader.tensors, reader.metadata);
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
        try (JsonParser json = JSON.createParser(bytes(8, (int) length))) {
            readHeader(json);
        } catch (JsonProcessingException e) {
            throw RwkvFormatException.inFile(file.path(), "malformed safetensors header: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw RwkvFormatException.inFile(file.path(), "malformed safetensors header: " + e.getMessage(), e);
        }
        checkExtents();
    }

    private byte[] bytes(long offset, int length) {
        byte[] bytes = new byte[length];
        for (int done = 0; done < length;) {
            int n = Math.min(MappedFile.MAX_SLICE, length - done);
            ByteBuffer part = file.slice(offset + done, n);
            part.get(bytes, done, n);
            done += n;
        }
        return bytes;
    }

    private void readHeader(JsonParser json) throws IOException {
        expect(json, json.nextToken(), JsonToken.START_OBJECT, "header");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            if (name.equals("__metadata__")) {
                readMetadata(json);
            } else {
                readTensor(json, name);
            }
        }
        if (json.nextToken() != null) {
            throw malformed("expected the end of the header", json);
        }
    }

    private void readMetadata(JsonParser json) throws IOException {
        expect(json, json.currentToken(), JsonToken.START_OBJECT, "__metadata__");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            expect(json, json.nextToken(), JsonToken.VALUE_STRING, "__metadata__." + key);
            metadata.put(key, json.getText());
        }
    }

    private void readTensor(JsonParser json, String name) throws IOException {
        expect(json, json.currentToken(), JsonToken.START_OBJECT, name);
        DType dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "dtype" -> dtype = dtype(json, name);
                case "shape" -> shape = integers(json, name + ".shape", 16);
                case "data_offsets" -> offsets = integers(json, name + ".data_offsets", 2);
                default -> throw RwkvFormatException.inTensor(file.path(), name,
                        "expected dtype, shape and data_offsets, found " + field);
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected dtype, shape and two data_offsets");
        }
        if (offsets[0] > offsets[1] || offsets[1] > file.size() - dataStart) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected data_offsets within the "
                    + (file.size() - dataStart) + " bytes of data, found " + Arrays.toString(offsets));
        }
        MappedTensor tensor = MappedTensor.contiguous(file, name, dtype, shape, dataStart + offsets[0]);
        long bytes = dtype.bytes(tensor.elementCount());
        if (bytes != offsets[1] - offsets[0]) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected " + bytes + " bytes for " + dtype
                    + Arrays.toString(shape) + ", found data_offsets " + Arrays.toString(offsets));
        }
        extents.add(new Extent(name, offsets[0], offsets[1]));
        tensors.put(name, tensor);
    }

    private DType dtype(JsonParser json, String name) throws IOException {
        expect(json, json.currentToken(), JsonToken.VALUE_STRING, name + ".dtype");
        String text = json.getText();
        List<DType> plain = Arrays.stream(DType.values()).filter(d -> d.blockLength() == 1).toList();
        for (DType dtype : plain) {
            if (dtype.name().equals(text)) {
                return dtype;
            }
        }
        throw RwkvFormatException.inTensor(file.path(), name, "expected a dtype among " + plain + ", found " + text);
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

    private RwkvFormatException malformed(String detail, JsonParser json) {
        return RwkvFormatException.atOffset(file.path(), 8 + json.currentLocation().getByteOffset(), detail);
    }
}
