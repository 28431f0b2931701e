package io.rwkv.loader.internal.gguf;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The keys and values of a GGUF file. Numbers are read at once; strings and arrays, which may be megabytes of vocabulary, only
 * when they are asked for. Immutable once read.
 */
public final class GgufMetadata {
    /** Keys beyond this many are more than any file in circulation has, by far. */
    private static final int MAX_KEYS = 1 << 16;
    /** The format's own limit. */
    private static final int MAX_KEY_BYTES = 65535;
    private static final int MAX_DEPTH = 4;
    /** Longer strings are templates and vocabularies, of no use in a listing. */
    private static final int MAX_LISTED = 4096;

    private enum Type {
        U8(1), I8(1), U16(2), I16(2), U32(4), I32(4), F32(4), BOOL(1), STRING(8), ARRAY(12), U64(8), I64(8), F64(8);

        /** Bytes of a value, at least. */
        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        private static Type read(GgufInput in) {
            long start = in.position();
            long id = in.u32("a value's type");
            if (id >= values().length) {
                throw RwkvFormatException.atOffset(in.file().path(), start,
                        "expected a value's type from 0 to " + (values().length - 1) + ", found " + id);
            }
            return values()[(int) id];
        }
    }

    /** @param value a Long, Double or Boolean, or null for a string or array, which begins at the offset */
    private record Entry(Type type, Object value, long offset) {}

    /** Reads the elements of an array, one by one. */
    public interface Elements {
        /** @param in stands at the element, and must be left behind it */
        void read(GgufInput in, int index);
    }

    private final MappedFile file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** @param in stands behind the header's counts; is left behind the last value */
    GgufMetadata(MappedFile file, GgufInput in, long count) {
        this.file = file;
        for (long i = 0; i < count; i++) {
            long start = in.position();
            String key = in.text("a key", MAX_KEY_BYTES);
            Type type = Type.read(in);
            long offset = in.position();
            if (entries.put(key, new Entry(type, value(in, type, 0), offset)) != null) {
                throw RwkvFormatException.atOffset(file.path(), start,
                        "expected each key once, found " + key + " again");
            }
        }
    }

    static long count(GgufInput in) {
        return in.count("the number of keys", 8 + 4 + 1, MAX_KEYS);
    }

    private static Object value(GgufInput in, Type type, int depth) {
        return switch (type) {
            case U8 -> (long) in.u8("a value");
            case I8 -> (long) (byte) in.u8("a value");
            case U16 -> (long) in.u16("a value");
            case I16 -> (long) (short) in.u16("a value");
            case U32 -> in.u32("a value");
            case I32 -> (long) in.i32("a value");
            case U64, I64 -> in.i64("a value");
            case F32 -> (double) Float.intBitsToFloat(in.i32("a value"));
            case F64 -> Double.longBitsToDouble(in.i64("a value"));
            case BOOL -> in.u8("a value") != 0;
            case STRING -> {
                in.skip(in.count("a string's length", 1, Long.MAX_VALUE));
                yield null;
            }
            case ARRAY -> {
                skipArray(in, depth);
                yield null;
            }
        };
    }

    private static void skipArray(GgufInput in, int depth) {
        Type element = Type.read(in);
        if (depth == MAX_DEPTH) {
            throw in.fault("expected arrays nested " + MAX_DEPTH + " deep at most, found more");
        }
        long count = in.count("an array's length", element.bytes, Long.MAX_VALUE);
        if (element == Type.STRING || element == Type.ARRAY) {
            for (long i = 0; i < count; i++) {
                value(in, element, depth + 1);
            }
        } else {
            in.skip(count * element.bytes);
        }
    }

    boolean contains(String key) {
        return entries.containsKey(key);
    }

    /**
     * An integer of any width, which the file may hold as unsigned or not.
     *
     * @throws RwkvFormatException if the key has another value, or one that is not from 0 to {@code most}
     */
    public OptionalLong integer(String key, long most) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return OptionalLong.empty();
        }
        if (!(entry.value instanceof Long value) || value < 0 || value > most) {
            throw fault(entry, "expected for " + key + " an integer from 0 to " + most + ", found "
                    + (entry.value == null ? entry.type : entry.value));
        }
        return OptionalLong.of(value);
    }

    /** @throws RwkvFormatException if the key has another value than a floating-point number */
    public OptionalDouble real(String key) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return OptionalDouble.empty();
        }
        if (!(entry.value instanceof Double value)) {
            throw fault(entry, "expected for " + key + " a floating-point number, found " + entry.type);
        }
        return OptionalDouble.of(value);
    }

    /** @throws RwkvFormatException if the key has another value than a string of at most {@code most} bytes of UTF-8 */
    public Optional<String> text(String key, int most) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return Optional.empty();
        }
        require(key, entry, Type.STRING);
        return Optional.of(new GgufInput(file, entry.offset).text(key, most));
    }

    /** As {@link #text}, undecoded. */
    Optional<byte[]> bytes(String key, int most) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return Optional.empty();
        }
        require(key, entry, Type.STRING);
        return Optional.of(new GgufInput(file, entry.offset).bytes(key, most));
    }

    /**
     * Reads an array of strings.
     *
     * @return the number of elements, or -1 if there is no such key
     * @throws RwkvFormatException if the key has another value, or there are more than {@code most} elements
     */
    public int strings(String key, int most, Elements elements) {
        return array(key, most, elements, Type.STRING, Type.STRING);
    }

    /** As {@link #strings}, for an array of 32-bit integers. */
    public int integers(String key, int most, Elements elements) {
        return array(key, most, elements, Type.I32, Type.U32);
    }

    private int array(String key, int most, Elements elements, Type one, Type other) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return -1;
        }
        require(key, entry, Type.ARRAY);
        GgufInput in = new GgufInput(file, entry.offset);
        Type type = Type.read(in);
        if (type != one && type != other) {
            throw fault(entry, "expected for " + key + " an array of " + one + ", found one of " + type);
        }
        int count = (int) in.count("the length of " + key, type.bytes, most);
        for (int i = 0; i < count; i++) {
            elements.read(in, i);
        }
        return count;
    }

    private void require(String key, Entry entry, Type type) {
        if (entry.type != type) {
            throw fault(entry, "expected for " + key + " a value of type " + type + ", found " + entry.type);
        }
    }

    private RwkvFormatException fault(Entry entry, String detail) {
        return RwkvFormatException.atOffset(file.path(), entry.offset, detail);
    }

    /** Numbers and strings that fit on a page, by key, in the file's order. */
    public Map<String, String> listed() {
        Map<String, String> listed = new LinkedHashMap<>();
        entries.forEach((key, entry) -> {
            if (entry.value != null) {
                listed.put(key, entry.value.toString());
            } else if (entry.type == Type.STRING
                    && new GgufInput(file, entry.offset).i64("a string's length") <= MAX_LISTED) {
                listed.put(key, new GgufInput(file, entry.offset).text(key, MAX_LISTED));
            }
        });
        return listed;
    }
}
