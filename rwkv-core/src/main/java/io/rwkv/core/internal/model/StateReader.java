package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvFormatException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Reads one saved state from a stream, and not a byte beyond it. All is checked against what the model expects before anything
 * is made for it; what the stream claims about sizes is never believed.
 */
final class StateReader {
    private static final int PREFIX = 8; // the length of the header, as a little-endian number
    private static final int MAX_HEADER = 1 << 16;
    private static final int MAX_HEADER_PER_TENSOR = 1 << 9;
    private static final int BUFFER = 1 << 16; // whole floats

    private final StateLayout layout;
    private final String fingerprint;
    private final InputStream in;
    private final Path from;
    private long offset; // of the next byte

    /** A part of the state and where its data begins. */
    private record Piece(String name, int layer, int part, SavedHeader.Entry entry) {}

    /** @param from names the stream in messages */
    StateReader(StateLayout layout, String fingerprint, InputStream in, Path from) {
        this.layout = layout;
        this.fingerprint = fingerprint;
        this.in = in;
        this.from = from;
    }

    /**
     * The state that the stream holds next.
     *
     * @throws RwkvFormatException if there is something else
     */
    StateArrays read() throws IOException {
        SavedHeader header = SavedHeader.parse(header(), from);
        check(header, SavedFormat.KIND_KEY, SavedFormat.KIND, "a saved RWKV state");
        check(header, SavedFormat.VERSION_KEY, SavedFormat.VERSION, "a state of a version that this library reads");
        check(header, SavedFormat.MODEL_KEY, fingerprint, "a state of this model");
        List<Piece> pieces = pieces(header.entries());
        StateArrays state = new StateArrays(layout);
        CRC32C sum = new CRC32C();
        byte[] buffer = new byte[BUFFER];
        for (Piece piece : pieces) {
            read(piece, state.array(piece.layer, piece.part), buffer, sum);
        }
        String expected = header.metadata().get(SavedFormat.CHECKSUM_KEY); // states saved by others may have none
        String found = SavedFormat.hex(sum);
        if (expected != null && !expected.equals(found)) {
            throw RwkvFormatException.inFile(from, "expected data of " + SavedFormat.CHECKSUM_KEY + " " + expected
                    + ", found " + found + ": it was changed since it was saved");
        }
        for (Piece piece : pieces) {
            SavedFormat.firstNotFinite(state.array(piece.layer, piece.part)).ifPresent(value -> {
                throw RwkvFormatException.inTensor(from, piece.name, "expected finite numbers, found " + value);
            });
        }
        return state;
    }

    /** Nothing may follow, where the state is all there is. */
    void expectEnd() throws IOException {
        if (in.read() >= 0) {
            throw RwkvFormatException.atOffset(from, offset, "expected the end of the state, found more bytes");
        }
    }

    private byte[] header() throws IOException {
        byte[] prefix = new byte[PREFIX];
        fill(prefix, PREFIX, "the length of a safetensors header");
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        long most = MAX_HEADER + (long) MAX_HEADER_PER_TENSOR * layout.layers() * layout.parts().size();
        if (length < 2 || length > most) {
            throw RwkvFormatException.atOffset(from, 0,
                    "expected a saved RWKV state, with a header length between 2 and "
                            + most + ", found " + HexFormat.of().formatHex(prefix));
        }
        byte[] header = in.readNBytes((int) length); // grows with what is there
        if (header.length < length) {
            throw endsAt(offset + header.length, "a header of " + length + " bytes");
        }
        offset += length;
        return header;
    }

    private void check(SavedHeader header, String key, String expected, String what) {
        String found = header.metadata().get(key);
        if (!expected.equals(found)) {
            throw RwkvFormatException.inFile(from, "expected " + what + " (" + key + " " + expected + "), found "
                    + (found == null ? "no " + key : key + " " + found));
        }
    }

    /** All parts of the state in the order of their data. */
    private List<Piece> pieces(Map<String, SavedHeader.Entry> entries) {
        List<Piece> pieces = new ArrayList<>();
        for (int layer = 0; layer < layout.layers(); layer++) {
            for (int p = 0; p < layout.parts().size(); p++) {
                StateLayout.Part part = layout.parts().get(p);
                String name = SavedFormat.name(layer, part);
                pieces.add(new Piece(name, layer, p, checked(entries.get(name), name, part)));
            }
        }
        if (entries.size() != pieces.size()) {
            String stranger = entries.keySet().stream()
                    .filter(name -> pieces.stream().noneMatch(piece -> piece.name.equals(name))).findFirst()
                    .orElseThrow();
            throw RwkvFormatException.inTensor(from, stranger,
                    "expected the " + pieces.size() + " tensors of a state of this model, found another");
        }
        pieces.sort(Comparator.comparingLong(piece -> piece.entry.start()));
        long end = 0;
        for (Piece piece : pieces) {
            if (piece.entry.start() != end) {
                throw RwkvFormatException.inTensor(from, piece.name, "expected data_offsets to start at " + end
                        + ", where the previous tensor ends, found " + piece.entry.start());
            }
            end = piece.entry.end();
        }
        return pieces;
    }

    private SavedHeader.Entry checked(SavedHeader.Entry entry, String name, StateLayout.Part part) {
        if (entry == null) {
            throw RwkvFormatException.inTensor(from, name, "missing");
        }
        if (!entry.dtype().equals("F32")) {
            throw RwkvFormatException.inTensor(from, name, "expected F32, found " + entry.dtype());
        }
        long[] shape = SavedFormat.shape(part);
        if (!Arrays.equals(entry.shape(), shape)) {
            throw RwkvFormatException.inTensor(from, name, "expected shape " + Arrays.toString(shape) + ", found "
                    + Arrays.toString(entry.shape()));
        }
        long bytes = (long) Float.BYTES * part.size();
        if (entry.end() - entry.start() != bytes) {
            throw RwkvFormatException.inTensor(from, name, "expected " + bytes + " bytes, found data_offsets ["
                    + entry.start() + ", " + entry.end() + "]");
        }
        return entry;
    }

    private void read(Piece piece, float[] to, byte[] buffer, CRC32C sum) throws IOException {
        ByteBuffer floats = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < to.length;) {
            int count = Math.min(to.length - done, buffer.length / Float.BYTES);
            fill(buffer, count * Float.BYTES, piece.name);
            sum.update(buffer, 0, count * Float.BYTES);
            floats.asFloatBuffer().get(to, done, count);
            done += count;
        }
    }

    private void fill(byte[] buffer, int length, String what) throws IOException {
        int found = in.readNBytes(buffer, 0, length);
        if (found < length) {
            throw endsAt(offset + found, what);
        }
        offset += length;
    }

    private RwkvFormatException endsAt(long end, String expected) {
        return RwkvFormatException.atOffset(from, end, "expected " + expected + ", found the end");
    }
}
