package io.rwkv.loader.internal.pytorch;

import io.rwkv.core.tensor.DType;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a pickle can hold here. Python's integers are {@link Long} or, where that is too short, {@link BigInteger}; floats
 * {@link Double}; strings {@link String}; booleans {@link Boolean}.
 *
 * <p>A hostile pickle can make a container hold itself, so containers keep the identity {@code equals} and
 * {@code toString} of {@link Object}, and nothing here walks into them.
 */
public final class Pickled {
    private Pickled() {
    }

    /** Values whose content does not matter. */
    enum Plain {
        NONE, BYTES
    }

    static final class Tuple {
        final List<Object> items;

        Tuple(List<Object> items) {
            this.items = List.copyOf(items);
        }
    }

    static final class PyList {
        final List<Object> items = new ArrayList<>(0);
    }

    /** A dict or OrderedDict. Keys are strings or integers. */
    static final class Dict {
        // Most dictionaries are the empty ones that PyTorch writes after each tensor.
        private Map<Object, Object> items = Map.of();

        Map<Object, Object> items() {
            return items;
        }

        /** Whether the key is new. */
        boolean put(Object key, Object value) {
            if (items.isEmpty()) {
                items = new LinkedHashMap<>();
            }
            return items.putIfAbsent(key, value) == null;
        }
    }

    /** A block of elements outside the pickle, known by its key. */
    record Storage(DType dtype, String key, long count) {}

    /** A view of a storage; offset and strides in elements. */
    record Tensor(Storage storage, long offset, long[] shape, long[] strides) {}

    /**
     * The names that may stand in a pickle: all that {@code torch.save} needs for dictionaries of tensors, with Python attributes
     * or without.
     */
    enum Global {
        ORDERED_DICT("collections", "OrderedDict", null), //
        REBUILD_TENSOR("torch._utils", "_rebuild_tensor_v2", null), //
        REBUILD_PARAMETER("torch._utils", "_rebuild_parameter", null), //
        REBUILD_PARAMETER_WITH_STATE("torch._utils", "_rebuild_parameter_with_state", null), //
        REBUILD_FROM_TYPE("torch._tensor", "_rebuild_from_type_v2", null), //
        TENSOR_CLASS("torch", "Tensor", null), //
        PARAMETER_CLASS("torch.nn.parameter", "Parameter", null), //
        DOUBLE("torch", "DoubleStorage", DType.F64), //
        FLOAT("torch", "FloatStorage", DType.F32), //
        HALF("torch", "HalfStorage", DType.F16), //
        BFLOAT16("torch", "BFloat16Storage", DType.BF16), //
        LONG("torch", "LongStorage", DType.I64), //
        INT("torch", "IntStorage", DType.I32), //
        SHORT("torch", "ShortStorage", DType.I16), //
        CHAR("torch", "CharStorage", DType.I8), //
        BYTE("torch", "ByteStorage", DType.U8), //
        BOOL("torch", "BoolStorage", DType.BOOL);

        final String module;
        final String name;
        /** The element type if this is a storage class, else null. */
        final DType dtype;

        Global(String module, String name, DType dtype) {
            this.module = module;
            this.name = name;
            this.dtype = dtype;
        }

        /** The global of this name, or null if it is not allowed. */
        static Global find(String module, String name) {
            for (Global global : values()) {
                if (global.name.equals(name) && global.module.equals(module)) {
                    return global;
                }
            }
            return null;
        }
    }

    /** Whether the value is a number, a string or the like, which a checkpoint may hold beside its tensors. */
    static boolean isPlain(Object value) {
        return value instanceof Plain || value instanceof Long || value instanceof BigInteger || value instanceof Double
                || value instanceof Boolean || value instanceof String;
    }

    /** What kind of value it is, for error messages; never its content. */
    static String kind(Object value) {
        if (value instanceof Long || value instanceof BigInteger) {
            return "an integer";
        }
        if (value instanceof Global global) {
            return "the name " + global.module + "." + global.name;
        }
        if (value instanceof Plain) {
            return value == Plain.NONE ? "None" : "bytes";
        }
        return value instanceof String
                ? "a string"
                : value instanceof Boolean
                        ? "a boolean"
                        : value instanceof Double
                                ? "a float"
                                : value instanceof Tuple
                                        ? "a tuple"
                                        : value instanceof PyList
                                                ? "a list"
                                                : value instanceof Dict
                                                        ? "a dictionary"
                                                        : value instanceof Tensor ? "a tensor" : "a storage";
    }
}
