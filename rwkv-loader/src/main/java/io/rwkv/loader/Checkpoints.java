package io.rwkv.loader;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.gguf.GgufFile;
import io.rwkv.loader.internal.names.FlaNames;
import io.rwkv.loader.internal.names.GgufNames;
import io.rwkv.loader.internal.pytorch.PickleOpcode;
import io.rwkv.loader.internal.pytorch.PyTorchStream;
import io.rwkv.loader.internal.pytorch.PyTorchZip;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HexFormat;

/**
 * Opens checkpoint files of any format. The first bytes of the file decide which format it is, not its name.
 *
 * <p>Formats: the zip archives that {@code torch.save} writes since PyTorch 1.6, and the pickle streams that it wrote before
 * (both {@code .pth}); safetensors; GGUF. Nothing in a file is executed: the only objects that a PyTorch file may hold are tensors
 * and dictionaries, and the numbers and strings in them.
 *
 * <p>Tensors are shown under RWKV's own names, such as {@code blocks.0.att.key.weight}. Two other families of names are
 * translated: those of flash-linear-attention (fla) for RWKV-7, such as {@code model.layers.0.attn.k_proj.weight}, and those of
 * llama.cpp's GGUF files for RWKV-6 and RWKV-7, such as {@code blk.0.time_mix_key.weight}. Error messages and
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
     * Maps a checkpoint file and reads the list of its tensors. Their data stays in the file until it is read: the time and the
     * heap that this takes depend on the number of tensors, not on their size. The file must not be written into while the
     * result is in use. The result needs no closing.
     *
     * <p>Of GGUF's quantised types, these are read: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K. Plain numbers and strings in
     * a PyTorch dictionary are ignored.
     *
     * @throws RwkvFormatException if the file is of an unknown format, is damaged, or holds something else than named tensors; if
     *         it has fla's names but is not an RWKV-7; or if it is a GGUF file of another architecture or of a number type that is
     *         not read
     * @throws java.nio.file.NoSuchFileException if there is no such file
     * @throws IOException if the file cannot be read at all
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
     * Opens a checkpoint from a file, the class path, or a stream; otherwise as {@link #open(Path)}. A checkpoint that is not a
     * file of its own is first copied to a temporary file, see {@link CheckpointSource}.
     *
     * @throws RwkvFormatException as {@link #open(Path)}
     * @throws java.io.FileNotFoundException if there is no such resource
     * @throws java.io.EOFException if a stream ends before its length
     * @throws IOException if the checkpoint cannot be read, or the disk has no room for a copy
     * @throws IllegalStateException if the source is a stream that was opened before
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
