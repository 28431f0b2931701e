package io.rwkv.loader.internal.pytorch;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.pytorch.Pickled.Dict;
import io.rwkv.loader.internal.pytorch.Pickled.PyList;
import io.rwkv.loader.internal.pytorch.Pickled.Tensor;
import io.rwkv.loader.internal.pytorch.PyTorchTensors.Extent;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads the streams that {@code torch.save} wrote before PyTorch 1.6: five pickles (a magic number, a version, facts about
 * the machine, the object, the storages' keys), then each storage as an element count of eight bytes and the elements.
 * Source: PyTorch, {@code torch/serialization.py}, {@code _legacy_save} and {@code _legacy_load}.
 *
 * <p>Bytes after the last storage are left alone, as {@code torch.load} does: several objects can follow one another.
 */
public final class PyTorchStream {
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long VERSION = 1001;

    private final MappedFile file;

    private PyTorchStream(MappedFile file) {
        this.file = file;
    }

    public static TensorFile read(MappedFile file) {
        return new PyTorchStream(file).read();
    }

    private TensorFile read() {
        PickleInput in = new PickleInput(file, 0, file.size());
        Object magic = Unpickler.load(in);
        if (!MAGIC.equals(magic)) {
            throw in.fault(0, "expected the magic number 0x" + MAGIC.toString(16)
                    + ", with which torch.save starts a stream, found " + show(magic));
        }
        long at = in.offset();
        Object version = Unpickler.load(in);
        if (!version.equals(VERSION)) {
            throw in.fault(at, "expected the stream version " + VERSION + ", found " + show(version));
        }
        at = in.offset();
        Object machine = Unpickler.load(in);
        if (!(machine instanceof Dict facts) || !Boolean.TRUE.equals(facts.items().get("little_endian"))) {
            throw in.fault(at, "expected a dictionary that says little_endian is true, found "
                    + (machine instanceof Dict ? "another" : Pickled.kind(machine)));
        }
        // The storages themselves do not say their element types.
        Map<String, DType> types = new HashMap<>();
        Object root = Unpickler.load(in, storage -> types.putIfAbsent(storage.key(), storage.dtype()));
        Map<String, Tensor> tensors = PyTorchTensors.named(file, root);
        at = in.offset();
        Object keys = Unpickler.load(in);
        if (!(keys instanceof PyList list)) {
            throw in.fault(at, "expected the list of storage keys, found " + Pickled.kind(keys));
        }
        Map<String, Extent> extents = extents(list, types, at, in.offset());
        return PyTorchTensors.bind(file, "PyTorch stream", tensors, (tensor, storage) -> {
            Extent extent = extents.get(storage.key());
            if (extent == null) {
                throw RwkvFormatException.inTensor(file.path(), tensor,
                        "expected its storage \"" + storage.key() + "\" after the pickles, found no such storage");
            }
            return extent;
        });
    }

    private Map<String, Extent> extents(PyList keys, Map<String, DType> types, long keysAt, long storagesAt) {
        Map<String, Extent> extents = new HashMap<>();
        long at = storagesAt;
        for (Object item : keys.items) {
            if (!(item instanceof String key) || extents.containsKey(key)) {
                throw RwkvFormatException.atOffset(file.path(), keysAt,
                        "expected distinct strings as storage keys, found "
                                + (item instanceof String ? "\"" + item + "\" twice" : Pickled.kind(item)));
            }
            DType type = types.get(key);
            if (type == null) {
                throw RwkvFormatException.atOffset(file.path(), keysAt,
                        "expected only storages that one of the tensors uses, found the key \"" + key + "\"");
            }
            if (file.size() - at < Long.BYTES) {
                throw RwkvFormatException.atOffset(file.path(), at, "expected the element count of storage \"" + key
                        + "\" in 8 bytes, found " + (file.size() - at));
            }
            long count = file.slice(at, Long.BYTES).getLong();
            long start = at + Long.BYTES;
            if (count < 0 || count > (file.size() - start) / type.blockBytes()) {
                throw RwkvFormatException.atOffset(file.path(), at, "expected storage \"" + key + "\" of " + type
                        + " within the " + (file.size() - start) + " bytes that follow, found a count of " + count);
            }
            at = start + count * type.blockBytes();
            extents.put(key, new Extent(start, at));
        }
        return extents;
    }

    private static String show(Object value) {
        return value instanceof Long || value instanceof BigInteger ? value.toString() : Pickled.kind(value);
    }
}
