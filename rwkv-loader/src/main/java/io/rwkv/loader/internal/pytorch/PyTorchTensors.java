package io.rwkv.loader.internal.pytorch;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.model.Strangers;
import io.rwkv.core.internal.model.TensorName;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.pytorch.Pickled.Dict;
import io.rwkv.loader.internal.pytorch.Pickled.Storage;
import io.rwkv.loader.internal.pytorch.Pickled.Tensor;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/** Turns the object that was given to {@code torch.save} into named tensors over the mapped file. */
public final class PyTorchTensors {
    /**
     * All tensors together may have so many times the file's bytes: views can show one element any number of times, and what they
     * show is what loading takes. Tied tensors need twice the file at most; layers that all share their weights as often as
     * there are layers.
     */
    private static final long MAX_SHOWN = 8;
    /** What views of a small file may show in any case, in bytes: a vector shown as a matrix, for each of many layers. */
    private static final long ALWAYS_SHOWN = 1 << 24;

    /** Where a storage's bytes lie in the file; end is exclusive. */
    record Extent(long start, long end) {}

    private PyTorchTensors() {
    }

    /**
     * The tensors of a pickled dictionary, in its order. Numbers, strings and the like beside them are left out, unless their
     * names are those of weights or say that the weights are not what they seem.
     */
    static Map<String, Tensor> named(MappedFile file, Object root) {
        if (!(root instanceof Dict dict)) {
            throw RwkvFormatException.inFile(file.path(),
                    "expected a dictionary of tensors by name, found " + Pickled.kind(root));
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        dict.items().forEach((key, value) -> {
            if (value instanceof Tensor tensor && key instanceof String name) {
                tensors.put(name, tensor);
            } else if (!Pickled.isPlain(value) || key instanceof String named && matters(named)) {
                throw notATensor(file, key, value);
            }
        });
        if (tensors.isEmpty()) {
            throw RwkvFormatException.inFile(file.path(),
                    "expected a dictionary of tensors by name, found one without tensors, with keys " + keys(dict));
        }
        return tensors;
    }

    /**
     * Binds tensors to their data.
     *
     * @param storages finds the bytes of a storage that the tensor of the given name uses
     */
    static TensorFile bind(MappedFile file, String format, Map<String, Tensor> tensors,
            BiFunction<String, Storage, Extent> storages) {
        Map<String, MappedTensor> bound = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> bound.put(name,
                bind(file, name, tensor, storages.apply(name, tensor.storage()))));
        checkSum(file, bound.values());
        return new TensorFile(file.path(), format, bound, Map.of());
    }

    private static void checkSum(MappedFile file, Collection<MappedTensor> tensors) {
        long most = Math.max(ALWAYS_SHOWN, MAX_SHOWN * file.size());
        long sum = 0;
        for (MappedTensor tensor : tensors) {
            // No overflow: a tensor has no more elements than the file has bytes, and there are few tensors.
            sum += tensor.dtype().bytes(tensor.elementCount());
            if (sum > most) {
                throw RwkvFormatException.inTensor(file.path(), tensor.name(),
                        "expected views that together show at most "
                                + most + " bytes of a file of " + file.size()
                                + ", found more from this tensor on, of shape "
                                + Arrays.toString(tensor.shape()));
            }
        }
    }

    private static MappedTensor bind(MappedFile file, String name, Tensor tensor, Extent extent) {
        Storage storage = tensor.storage();
        int size = storage.dtype().blockBytes();
        long available = extent.end() - extent.start();
        if (storage.count() > available / size) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected " + storage.count() + " elements of " + storage.dtype() + " in storage \"" + storage.key()
                            + "\", found " + available + " bytes");
        }
        long end = extent.start() + storage.count() * size;
        if (tensor.offset() > storage.count()) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected a storage offset of at most "
                    + storage.count() + ", the storage's element count, found " + tensor.offset());
        }
        long offset = extent.start() + tensor.offset() * size;
        return MappedTensor.strided(file, name, storage.dtype(), tensor.shape(), tensor.strides(), offset, end);
    }

    private static boolean matters(String name) {
        return TensorName.of(name).layer() >= 0 || !Strangers.remark(name).isEmpty();
    }

    private static RwkvFormatException notATensor(MappedFile file, Object key, Object value) {
        String found = Pickled.kind(value) + " under \"" + key + "\"";
        if (value instanceof Dict nested) {
            // A training snapshot: the weights are there, one level down, beside the optimiser's state.
            found += " with keys " + keys(nested)
                    + "; if these are the weights' names, save that inner dictionary by itself";
        } else if (value instanceof Tensor) {
            found = "a tensor under a key that is no string, " + key;
        } else if (key instanceof String name) {
            found += Strangers.remark(name);
        }
        return RwkvFormatException.inFile(file.path(),
                "expected tensors and plain values under names at the top level, found " + found);
    }

    private static String keys(Dict dict) {
        int size = dict.items().size();
        return dict.items().keySet().stream().limit(5).map(key -> shorten(key.toString()))
                .collect(Collectors.joining(", ", "[", size > 5 ? ", … " + (size - 5) + " more]" : "]"));
    }

    private static String shorten(String name) {
        return name.length() <= 60 ? name : name.substring(0, 60) + "…";
    }
}
