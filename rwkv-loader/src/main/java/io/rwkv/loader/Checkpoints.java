package io.rwkv.loader;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.MappedFile;
import io.rwkv.core.tensor.SafetensorsReader;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HexFormat;

/**
 * Opens checkpoint files, whatever their format. The format is told by the file's first bytes, never by its name.
 *
 * <p>Formats: the zip archives that {@code torch.save} writes since PyTorch 1.6 and the pickle streams it wrote before
 * (both {@code .pth}), safetensors, and GGUF. Nothing in a file is executed: a PyTorch file may name nothing but tensors and
 * dictionaries.
 *
 * <p>The names are those of RWKV's own checkpoints, such as {@code blocks.0.att.key.weight}. An RWKV-7 in the Hugging Face
 * layout of flash-linear-attention ({@code model.layers.0.attn.k_proj.weight}) is shown under these names too, and so are an
 * RWKV-6 and an RWKV-7 in the GGUF layout of llama.cpp ({@code blk.0.time_mix_key.weight}); errors and
 * {@link TensorFile#nameInFile} give the names in the file.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class Checkpoints {
    /** Enough to tell every format, and to show what was found instead. */
    private static final int HEAD = 16;

    /** The limit of the format's own implementation. */
    private static final long MAX_SAFETENSORS_HEADER = 100_000_000;

    private Checkpoints() {
    }

    /**
     * Maps a checkpoint file and reads its directory. The tensors' data stays in the file until it is read, so the time and
     * the heap this takes depend on the number of tensors, not on their size. The file must not be changed while the result
     * is in use.
     *
     * <p>The quantised types of GGUF that are read are Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K.
     *
     * <p>Entries of a PyTorch dictionary that are plain numbers or strings are left out.
     *
     * @throws RwkvFormatException if the file is of no known format, is damaged, holds something else than named tensors, or
     *         has Hugging Face names of another model than RWKV-7, or is a GGUF file of another architecture or of a type of
     *         numbers that is not read
     * @throws java.nio.file.NoSuchFileException if there is no such file
     * @throws IOException if the file cannot be read
     */
    public static TensorFile open(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        if (!attributes.isRegularFile()) {
            throw RwkvFormatException.inFile(path, "expected a checkpoint file, found "
                    + (attributes.isDirectory()
                            ? "a folder; parts (shards) of a model in one are not joined"
                            : "something that is not a regular file"));
        }
        return open(CheckpointSource.path(path));
    }

    /**
     * As {@link #open(Path)}, for a checkpoint from anywhere. What is no file of its own is copied to a temporary one first.
     *
     * @throws RwkvFormatException as {@link #open(Path)} does
     * @throws java.io.FileNotFoundException if there is no such resource
     * @throws java.io.EOFException if a stream ends before its length
     * @throws IOException if it cannot be read, or the disk has no room for a copy
     */
    public static TensorFile open(CheckpointSource source) throws IOException {
        MappedFile file = source.open();
        return file.reading(() -> open(file));
    }

    private static TensorFile open(MappedFile file) {
        byte[] head = new byte[(int) Math.min(HEAD, file.size())];
        ByteBuffer bytes = file.slice(0, head.length);
        bytes.get(0, head);
        TensorFile tensors = read(file, head, bytes);
        return FlaNames.usedIn(tensors) ? FlaNames.view(tensors) : tensors;
    }

    private static TensorFile read(MappedFile file, byte[] head, ByteBuffer bytes) {
        // First, for its length may begin with the byte that a pickle begins with; neither of the others has a brace there
        // after so small a number. Not compared with the file's length: a file cut short should be called by its name.
        if (head.length > 8 && head[8] == '{' && bytes.getLong(0) > 0 && bytes.getLong(0) <= MAX_SAFETENSORS_HEADER) {
            return SafetensorsReader.open(file);
        }
        if (startsWith(head, "PK\3\4") || startsWith(head, "PK\5\6")) {
            return PyTorchZip.read(file);
        }
        if (head.length > 0 && (head[0] & 0xFF) == PickleOpcode.PROTO) {
            return PyTorchStream.read(file);
        }
        if (startsWith(head, GgufFile.MAGIC)) {
            return GgufNames.view(GgufFile.read(file));
        }
        throw RwkvFormatException.inFile(file.path(),
                "expected a PyTorch file, which starts with 50 4b 03 04 (\"PK\") or 80, a safetensors file, which has"
                        + " 7b (\"{\") after the eight bytes of a length, or a GGUF file, which starts with 47 47 55 46"
                        + " (\"GGUF\"), found " + show(head));
    }

    private static boolean startsWith(byte[] head, String magic) {
        byte[] expected = magic.getBytes(StandardCharsets.ISO_8859_1);
        return head.length >= expected.length
                && ByteBuffer.wrap(head, 0, expected.length).equals(ByteBuffer.wrap(expected));
    }

    private static String show(byte[] head) {
        if (head.length == 0) {
            return "an empty file";
        }
        StringBuilder text = new StringBuilder();
        for (byte b : head) {
            text.append(b >= ' ' && b <= '~' ? (char) b : '.');
        }
        String found = HexFormat.ofDelimiter(" ").formatHex(head) + " (\"" + text + "\")";
        // What a clone without git-lfs leaves in the place of every checkpoint.
        if (startsWith(head, "version https://")) {
            return found + ", a Git LFS pointer instead of the file itself";
        }
        return startsWith(head, "{")
                ? found + ", which is JSON; if it is the index of a model in parts (shards), they are not joined"
                : found;
    }
}
