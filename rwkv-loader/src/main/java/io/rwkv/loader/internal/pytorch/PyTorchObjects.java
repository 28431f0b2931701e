package io.rwkv.loader.internal.pytorch;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.loader.internal.pytorch.Pickled.Dict;
import io.rwkv.loader.internal.pytorch.Pickled.Global;
import io.rwkv.loader.internal.pytorch.Pickled.Plain;
import io.rwkv.loader.internal.pytorch.Pickled.Storage;
import io.rwkv.loader.internal.pytorch.Pickled.Tensor;
import io.rwkv.loader.internal.pytorch.Pickled.Tuple;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** What the names in a PyTorch pickle stand for. Source: PyTorch, {@code torch/_utils.py} and {@code serialization.py}. */
public final class PyTorchObjects {
    /** RWKV's tensors have up to four. */
    private static final int MAX_DIMENSIONS = 16;

    private static final Set<Global> PLAIN_REBUILDS = EnumSet.of(Global.REBUILD_TENSOR, Global.REBUILD_PARAMETER,
            Global.REBUILD_PARAMETER_WITH_STATE);

    private PyTorchObjects() {
    }

    /**
     * The value of a call.
     *
     * @param fault makes the exception for a bad call
     */
    static Object call(Global function, List<Object> arguments, Function<String, RwkvFormatException> fault) {
        switch (function) {
            case ORDERED_DICT -> {
                if (!arguments.isEmpty()) {
                    throw fault.apply("expected an OrderedDict made empty, found " + arguments.size() + " arguments");
                }
                return new Dict();
            }
            case REBUILD_TENSOR -> {
                return tensor(arguments, fault);
            }
            case REBUILD_PARAMETER -> {
                return parameter(function, 3, arguments, fault); // (data, requires_grad, backward_hooks)
            }
            case REBUILD_PARAMETER_WITH_STATE -> {
                return parameter(function, 4, arguments, fault); // and the Python attributes
            }
            case REBUILD_FROM_TYPE -> {
                return fromType(arguments, fault);
            }
            default -> throw fault.apply("expected a function to call, found " + Pickled.kind(function));
        }
    }

    private static Tensor parameter(Global function, int count, List<Object> arguments,
            Function<String, RwkvFormatException> fault) {
        if (arguments.size() != count || !(arguments.get(0) instanceof Tensor tensor)) {
            throw fault.apply("expected " + (count == 3 ? "three" : "four") + " arguments of " + function.name
                    + ", the first a tensor, found "
                    + kinds(arguments));
        }
        return tensor;
    }

    /**
     * (function, class, its arguments, the Python attributes): a tensor that has attributes of its own, which do not matter here.
     * The function must be one that rebuilds a tensor by itself, so that these calls do not nest.
     */
    private static Object fromType(List<Object> arguments, Function<String, RwkvFormatException> fault) {
        if (arguments.size() != 4 || !(arguments.get(0) instanceof Global function)
                || !PLAIN_REBUILDS.contains(function) || !(arguments.get(1) instanceof Global type)
                || type != Global.TENSOR_CLASS && type != Global.PARAMETER_CLASS
                || !(arguments.get(2) instanceof Tuple inner)) {
            throw fault.apply("expected the arguments of _rebuild_from_type_v2 (a function that rebuilds a tensor, "
                    + "the class Tensor or Parameter, a tuple, attributes), found " + kinds(arguments));
        }
        return call(function, inner.items, fault);
    }

    /** (storage, storage_offset, size, stride, requires_grad, backward_hooks) and, since PyTorch 2, metadata. */
    private static Tensor tensor(List<Object> arguments, Function<String, RwkvFormatException> fault) {
        if (arguments.size() < 6 || arguments.size() > 7 || !(arguments.get(0) instanceof Storage storage)
                || !(arguments.get(1) instanceof Long offset) || !(arguments.get(2) instanceof Tuple size)
                || !(arguments.get(3) instanceof Tuple stride)) {
            throw fault.apply("expected the arguments of _rebuild_tensor_v2 (a storage, an integer, two tuples, "
                    + "a boolean, a dictionary), found " + kinds(arguments));
        }
        if (arguments.size() == 7) {
            checkMetadata(arguments.get(6), fault);
        }
        // Checked here, while the place in the file is known; whether the elements fit is checked with the data's place.
        if (offset < 0) {
            throw fault.apply("expected a storage offset of 0 or more, found " + offset);
        }
        return new Tensor(storage, offset, dimensions("size", size, fault), dimensions("stride", stride, fault));
    }

    /** Says of a tensor that its elements are to be negated, or conjugated, when they are read. */
    private static void checkMetadata(Object metadata, Function<String, RwkvFormatException> fault) {
        if (metadata == Plain.NONE) {
            return;
        }
        if (!(metadata instanceof Dict dict)) {
            throw fault.apply("expected a tensor's metadata in a dictionary, found " + Pickled.kind(metadata));
        }
        dict.items().forEach((key, value) -> {
            if (!Boolean.FALSE.equals(value)) {
                throw fault.apply("expected a tensor whose elements are stored as they are, found its metadata \"" + key
                        + "\" set; save a copy of it (tensor.clone())");
            }
        });
    }

    private static long[] dimensions(String what, Tuple tuple, Function<String, RwkvFormatException> fault) {
        if (tuple.items.size() > MAX_DIMENSIONS) {
            throw fault.apply("expected a " + what + " of at most " + MAX_DIMENSIONS + " dimensions, found "
                    + tuple.items.size());
        }
        long[] values = new long[tuple.items.size()];
        for (int d = 0; d < values.length; d++) {
            if (!(tuple.items.get(d) instanceof Long value) || value < 0) {
                throw fault.apply("expected integers of 0 or more as " + what + ", found "
                        + (tuple.items.get(d) instanceof Long negative
                                ? negative.toString()
                                : Pickled.kind(tuple.items.get(d))));
            }
            values[d] = value;
        }
        return values;
    }

    /** A persistent id: ("storage", class, key, location, element count) and, in streams, view metadata. */
    static Storage storage(Object id, Function<String, RwkvFormatException> fault) {
        if (!(id instanceof Tuple tuple)) {
            throw fault.apply("expected a storage's tuple, found " + Pickled.kind(id));
        }
        List<Object> items = tuple.items;
        if (items.size() < 5 || items.size() > 6 || !"storage".equals(items.get(0))
                || !(items.get(1) instanceof Global type) || type.dtype == null
                || !(items.get(2) instanceof String key) || !(items.get(4) instanceof Long count)) {
            throw fault.apply("expected a storage as (\"storage\", class, key, location, element count), found "
                    + kinds(items));
        }
        // The location, such as "cuda:0", says where the storage was, which does not matter.
        if (items.size() == 6 && items.get(5) != Plain.NONE) {
            throw fault.apply("expected storage \"" + key + "\" to be whole, found a view of another storage");
        }
        if (count < 0) {
            throw fault.apply("expected an element count of 0 or more for storage \"" + key + "\", found " + count);
        }
        return new Storage(type.dtype, key, count);
    }

    private static String kinds(List<Object> values) {
        StringBuilder kinds = new StringBuilder("(");
        for (Object value : values.subList(0, Math.min(values.size(), 8))) {
            kinds.append(kinds.length() == 1 ? "" : ", ").append(Pickled.kind(value));
        }
        return kinds.append(values.size() > 8 ? ", …)" : ")").toString();
    }
}
