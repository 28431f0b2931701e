package io.rwkv.loader.internal.gguf;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;

import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * The directory of a <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a> file of version 2 or 3:
 * counts, metadata, the tensors' names, shapes, types and places, and then their data, aligned. All numbers are
 * little-endian.
 *
 * @param tensors under the file's own names, in its order; shapes are row-major, the other way round than in the file
 */
public record GgufFile(MappedFile file, long version, GgufMetadata metadata, Map<String, MappedTensor> tensors) {
    public static final String MAGIC = "GGUF";
    static final int DEFAULT_ALIGNMENT = 32;
    static final String ALIGNMENT = "general.alignment";

    private static final int MAX_TENSORS = 1 << 20;
    private static final int MAX_NAME_BYTES = 1024;
    private static final int MAX_DIMENSIONS = 4;
    private static final int MAX_ALIGNMENT = 1 << 20;

    /** What the directory says of a tensor. */
    private record Info(String name, DType type, long[] shape, long offset) {}

    /** @throws RwkvFormatException if it is not a well-formed GGUF file */
    public static GgufFile read(MappedFile file) {
        GgufInput in = new GgufInput(file, MAGIC.length());
        long version = version(in);
        long tensors = in.count("the number of tensors", 8 + 4 + 4 + 8, MAX_TENSORS);
        GgufMetadata metadata = new GgufMetadata(file, in, GgufMetadata.count(in));
        Map<String, Info> infos = new LinkedHashMap<>();
        for (long i = 0; i < tensors; i++) {
            Info info = info(in);
            if (infos.put(info.name, info) != null) {
                throw RwkvFormatException.inTensor(file.path(), info.name, "expected each name once, found it again");
            }
        }
        long alignment = alignment(file, metadata);
        long dataStart = (in.position() + alignment - 1) / alignment * alignment;
        Map<String, MappedTensor> mapped = new LinkedHashMap<>();
        infos.values().forEach(info -> mapped.put(info.name, map(file, info, dataStart, alignment)));
        checkOverlaps(file, mapped);
        return new GgufFile(file, version, metadata, Collections.unmodifiableMap(mapped));
    }

    private static long version(GgufInput in) {
        long start = in.position();
        long version = in.u32("the version");
        if (version != 2 && version != 3) {
            boolean swapped = Integer.reverseBytes((int) version) >= 1 && Integer.reverseBytes((int) version) <= 3;
            throw RwkvFormatException.atOffset(in.file().path(), start, "expected GGUF of version 2 or 3, found "
                    + (swapped ? "a big-endian file" : "version " + version));
        }
        return version;
    }

    private static Info info(GgufInput in) {
        MappedFile file = in.file();
        String name = in.text("a tensor's name", MAX_NAME_BYTES);
        long dimensions = in.u32("the number of dimensions");
        if (dimensions > MAX_DIMENSIONS) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected at most " + MAX_DIMENSIONS + " dimensions, found " + dimensions);
        }
        long[] shape = new long[(int) dimensions];
        for (int d = shape.length - 1; d >= 0; d--) {
            shape[d] = in.i64("a dimension");
        }
        long type = in.u32("a tensor's type");
        DType dtype = GgufTypes.of(type);
        if (dtype == null) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected a type among " + GgufTypes.all() + ", found " + GgufTypes.describe(type));
        }
        return new Info(name, dtype, shape, in.i64("a tensor's offset"));
    }

    private static long alignment(MappedFile file, GgufMetadata metadata) {
        OptionalLong alignment = metadata.integer(ALIGNMENT, MAX_ALIGNMENT);
        if (alignment.isPresent() && Long.bitCount(alignment.getAsLong()) != 1) {
            throw RwkvFormatException.inFile(file.path(),
                    "expected for " + ALIGNMENT + " a power of two, found " + alignment.getAsLong());
        }
        return alignment.orElse(DEFAULT_ALIGNMENT);
    }

    private static MappedTensor map(MappedFile file, Info info, long dataStart, long alignment) {
        if (info.offset < 0 || info.offset > file.size() || info.offset % alignment != 0) {
            throw RwkvFormatException.inTensor(file.path(), info.name, "expected an offset that is a multiple of "
                    + alignment + " and within the file, found " + Long.toUnsignedString(info.offset));
        }
        return MappedTensor.contiguous(file, info.name, info.type, info.shape, dataStart + info.offset);
    }

    /** Two tensors in one place show that an offset is wrong, and with it a tensor's values. */
    private static void checkOverlaps(MappedFile file, Map<String, MappedTensor> tensors) {
        List<MappedTensor> sorted = tensors.values().stream().filter(t -> t.elementCount() > 0)
                .sorted(Comparator.comparingLong(MappedTensor::byteOffset)).collect(Collectors.toList());
        for (int i = 1; i < sorted.size(); i++) {
            MappedTensor before = sorted.get(i - 1);
            long end = before.byteOffset() + before.dtype().bytes(before.elementCount());
            if (sorted.get(i).byteOffset() < end) {
                throw RwkvFormatException.inTensor(file.path(), sorted.get(i).name(), "expected data of its own, found "
                        + "that it begins at " + sorted.get(i).byteOffset() + ", within tensor " + before.name()
                        + Arrays.toString(before.shape()) + ", which ends at " + end);
            }
        }
    }
}
