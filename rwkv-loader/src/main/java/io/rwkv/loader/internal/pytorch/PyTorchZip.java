package io.rwkv.loader.internal.pytorch;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.pytorch.PyTorchTensors.Extent;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Reads the zip archives that {@code torch.save} writes since PyTorch 1.6: one folder with {@code data.pkl}, a pickle of the
 * object, and {@code data/KEY} for each storage. Source: PyTorch, {@code torch/serialization.py} and
 * {@code caffe2/serialize/inline_container.cc}.
 */
public final class PyTorchZip {
    private static final String PICKLE = "data.pkl";

    private PyTorchZip() {
    }

    public static TensorFile read(MappedFile file) {
        ZipDirectory zip = ZipDirectory.read(file);
        String folder = folder(file, zip);
        checkByteOrder(file, zip.get(folder + "byteorder"));
        ZipDirectory.Entry pickle = zip.get(folder + PICKLE);
        long length = pickle.end() - pickle.start();
        if (length > PickleInput.MAX_LENGTH) {
            throw RwkvFormatException.atOffset(file.path(), pickle.start(), "expected a " + PICKLE + " of at most "
                    + PickleInput.MAX_LENGTH + " bytes, found one of " + length);
        }
        Object root = Unpickler.load(new PickleInput(file, pickle.start(), length));
        return PyTorchTensors.bind(file, "PyTorch zip", PyTorchTensors.named(file, root), (tensor, storage) -> {
            ZipDirectory.Entry data = zip.get(folder + "data/" + storage.key());
            if (data == null) {
                throw RwkvFormatException.inTensor(file.path(), tensor,
                        "expected its data in the zip entry " + folder + "data/" + storage.key()
                                + ", found no such entry");
            }
            return new Extent(data.start(), data.end());
        });
    }

    /** The folder is named after the file that torch.save wrote to; a renamed file keeps it. */
    private static String folder(MappedFile file, ZipDirectory zip) {
        List<String> folders = zip.entries().stream().map(ZipDirectory.Entry::name)
                .filter(name -> name.indexOf('/') == name.length() - PICKLE.length() - 1 && name.endsWith("/" + PICKLE))
                .map(name -> name.substring(0, name.length() - PICKLE.length())).toList();
        if (folders.size() != 1) {
            String names = zip.entries().stream().limit(3).map(ZipDirectory.Entry::name)
                    .collect(Collectors.joining(", "));
            throw RwkvFormatException.inFile(file.path(), "expected one zip entry FOLDER/" + PICKLE
                    + ", as torch.save writes, found " + folders.size() + " among " + zip.entries().size()
                    + " entries (" + names + (zip.entries().size() > 3 ? ", …)" : ")"));
        }
        return folders.get(0);
    }

    private static void checkByteOrder(MappedFile file, ZipDirectory.Entry entry) {
        if (entry == null) {
            return; // as before PyTorch 2.1
        }
        byte[] order = new byte[(int) Math.min(16, entry.end() - entry.start())];
        file.slice(entry.start(), order.length).get(order);
        String found = new String(order, StandardCharsets.ISO_8859_1);
        if (!found.equals("little")) {
            throw RwkvFormatException.atOffset(file.path(), entry.start(),
                    "expected the byte order \"little\", found \"" + found + "\"");
        }
    }
}
