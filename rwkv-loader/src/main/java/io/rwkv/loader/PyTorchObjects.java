package io.rwkv.loader;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.loader.Pickled.Dict;
import io.rwkv.loader.Pickled.Global;
import io.rwkv.loader.Pickled.Plain;
import io.rwkv.loader.Pickled.Storage;
import io.rwkv.loader.Pickled.Tensor;
import io.rwkv.loader.Pickled.Tuple;

import java.util.List;
import java.util.function.Function;

/** What the names in a PyTorch pickle stand for. Source: PyTorch, {@code torch/_utils.py} and {@code serialization.py}. */
final class PyTorchObjects {
    /** RWKV's tensors have up to four. */
    private static final int MAX_DIMENSIONS = 16;

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
                // (data, requires_grad, backward_hooks)
                if (arguments.size() != 3 || !(arguments.get(0) instanceof Tensor tensor)) {
                    throw fault.apply("expected three arguments of _rebuild_parameter, the first a tensor, found "
                            + kinds(arguments));
                }
                return tensor;
            }
            default -> throw fault.apply("expected a function to call, found " + Pickled.kind(function));
        }
    }

    /** (storage, storage_offset, size, stride, requires_grad, backward_hooks) and, since PyTorch 2, metadata. */
    private static Tensor tensor(List<Object> arguments, Function<String, RwkvFormatException> fault) {
        if (arguments.size() < 6 || arguments.size() > 7 || !(arguments.get(0) instanceof Storage storage)
                || !(arguments.get(1) instanceof Long offset) || !(arguments.get(2) instanceof Tuple size)
                || !(arguments.get(3) instanceof Tuple stride)) {
            throw fault.apply("expected the arguments of _rebuild_tensor_v2 (a storage, an integer, two tuples, "
                    + "a boolean, a dictionary), found " + kinds(arguments));
        }
        // Checked here, while the place in the file is known; whether the elements fit is checked with the data's place.
        if (offset < 0) {
            throw fault.apply("expected a storage offset of 0 or more, found " + offset);
        }
        return new Tensor(storage, offset, dimensions("size", size, fault), dimensions("stride", stride, fault));
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
