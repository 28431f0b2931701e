package io.rwkv.text.chat;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvState;
import io.rwkv.core.internal.AtomicFiles;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * A session in a file, numbers big-endian:
 * <pre>
 * magic                        8 bytes
 * format version               int
 * the conversation             int length, JSON in UTF-8, see {@link SessionJson}
 * CRC-32C of all this          int
 * state that it began with     if it says so: as {@link RwkvState#save(java.io.OutputStream)} writes it
 * state                        likewise
 * CRC-32C of all               int
 * </pre>
 */
final class SessionFile {
    private static final byte[] MAGIC = "RWKVchat".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int BUFFER = 1 << 16;

    private SessionFile() {
    }

    /**
     * Writes a file, whole or not at all.
     *
     * @param state which has read all of the session
     * @param origin what the session began with; null for a new state
     */
    static void write(Path path, ChatSession session, RwkvState state, RwkvState origin, int snapshots)
            throws IOException {
        byte[] json = Json.write(SessionJson.of(session, origin != null, snapshots)).getBytes(StandardCharsets.UTF_8);
        AtomicFiles.write(path, channel -> {
            CRC32C sum = new CRC32C();
            DataOutputStream out = new DataOutputStream(new CheckedOutputStream(
                    new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER), sum));
            out.write(MAGIC);
            out.writeInt(VERSION);
            out.writeInt(json.length);
            out.write(json);
            out.writeInt((int) sum.getValue());
            if (origin != null) {
                origin.save(out);
            }
            state.save(out);
            out.writeInt((int) sum.getValue());
            out.flush();
        });
    }

    /**
     * Reads a file. What it says is believed only after a checksum, and no memory is taken on its word.
     *
     * @param builder has the model, the tokenizer, options and service
     * @throws RwkvFormatException if the file is damaged, or of another model or tokenizer
     */
    static ChatSession read(Path path, ChatBuilder builder) throws IOException {
        if (Files.isDirectory(path)) {
            throw new IOException(path + ": expected a saved session, found a folder"); // some systems would open it
        }
        CRC32C sum = new CRC32C();
        try (DataInputStream in = new DataInputStream(new CheckedInputStream(
                new BufferedInputStream(Files.newInputStream(path), BUFFER), sum))) {
            return read(path, in, sum, builder);
        } catch (EOFException e) {
            throw RwkvFormatException.inFile(path, "expected more, found the end of the file", e);
        } catch (RwkvFormatException e) {
            // What is said of a state alone does not name the file.
            throw path.equals(e.file()) ? e : RwkvFormatException.inFile(path, e.getMessage(), e);
        }
    }

    private static ChatSession read(Path path, DataInputStream in, CRC32C sum, ChatBuilder builder)
            throws IOException {
        byte[] magic = in.readNBytes(MAGIC.length);
        if (!Arrays.equals(magic, MAGIC)) {
            throw RwkvFormatException.inFile(path, "expected a saved session, found something else");
        }
        int version = in.readInt();
        if (version != VERSION) {
            throw RwkvFormatException.inFile(path, "expected format version " + VERSION + ", found " + version);
        }
        int length = in.readInt();
        byte[] json = length < 0 ? new byte[0] : in.readNBytes(length); // grows with what is there
        if (json.length != length) {
            throw RwkvFormatException.inFile(path,
                    "expected a conversation of " + length + " bytes, found " + json.length);
        }
        checkSum(path, in, sum, "the conversation");
        SessionJson saved;
        try {
            saved = SessionJson.read(new Members("$", Json.parse(new String(json, StandardCharsets.UTF_8))), builder);
        } catch (IllegalArgumentException e) {
            throw RwkvFormatException.inFile(path, e.getMessage(), e);
        }
        RwkvState origin = saved.hasOrigin() ? builder.model.loadState(in) : null;
        RwkvState state = builder.model.loadState(in);
        checkSum(path, in, sum, "the file");
        if (in.read() >= 0) {
            throw RwkvFormatException.inFile(path, "expected the end of the session, found more bytes");
        }
        return saved.open(origin, state);
    }

    private static void checkSum(Path path, DataInputStream in, CRC32C sum, String what) throws IOException {
        int found = (int) sum.getValue();
        int expected = in.readInt();
        if (found != expected) {
            throw RwkvFormatException.inFile(path, "expected a checksum of " + what + " of "
                    + Integer.toHexString(expected) + ", found " + Integer.toHexString(found)
                    + ": it was changed since it was written");
        }
    }
}
