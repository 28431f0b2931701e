package io.rwkv.text.serving;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * A snapshot in a file, all numbers little-endian:
 * <pre>
 * magic                8 bytes
 * format version       int
 * model's fingerprint  int length, UTF-8
 * computation          int length, UTF-8
 * counts               int tokens, int logits (the vocabulary or 0)
 * tokens               ints
 * CRC-32C of all this  int
 * logits               floats
 * state                as {@link RwkvState#save(OutputStream)} writes it
 * CRC-32C of all       int
 * </pre>
 * The tokens come first, with a checksum of their own, so that a folder's files can be known without reading their states. The last
 * checksum ties the state to the tokens.
 */
final class SnapshotFile {
    private static final byte[] MAGIC = "RWKVsnap".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int MAX_TEXT = 256; // bytes
    private static final int BUFFER = 1 << 16;

    /**
     * By what states were computed; only states of the same may be used.
     *
     * @param fingerprint the model's
     * @param computation tells precisions and engines apart
     */
    record Origin(String fingerprint, String computation) {}

    /** @param logits null if there are none */
    record Contents(RwkvState state, float[] logits) {}

    private SnapshotFile() {
    }

    /**
     * Writes a file.
     *
     * @param logits null if there are none
     * @throws ArithmeticException if the state is not made of numbers alone
     */
    static void write(WritableByteChannel channel, Origin origin, int[] tokens, RwkvState state, float[] logits)
            throws IOException {
        CRC32C sum = new CRC32C();
        OutputStream out = new CheckedOutputStream(
                new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER), sum);
        out.write(MAGIC);
        writeInts(out, VERSION);
        for (String text : new String[]{origin.fingerprint, origin.computation}) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            writeInts(out, bytes.length);
            out.write(bytes);
        }
        writeInts(out, tokens.length, logits == null ? 0 : logits.length);
        writeInts(out, tokens);
        writeInts(out, (int) sum.getValue());
        if (logits != null) {
            ByteBuffer bytes = littleEndian(Float.BYTES * logits.length);
            bytes.asFloatBuffer().put(logits);
            out.write(bytes.array());
        }
        state.save(out);
        writeInts(out, (int) sum.getValue());
        out.flush();
    }

    private static void writeInts(OutputStream out, int... values) throws IOException {
        ByteBuffer bytes = littleEndian(Integer.BYTES * values.length);
        bytes.asIntBuffer().put(values);
        out.write(bytes.array());
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads a file from its beginning. What it says is believed only after a checksum, and no memory is taken on its word. For one
     * thread.
     */
    static final class Reader implements Closeable {
        private final Path path;
        private final Origin origin;
        private final RwkvModel model;
        private final long size;
        private final CRC32C sum = new CRC32C();
        private final InputStream in;
        private int logits; // how many

        /** @param origin that the file must have */
        Reader(Path path, Origin origin, RwkvModel model) throws IOException {
            this.path = path;
            this.origin = origin;
            this.model = model;
            this.size = Files.size(path);
            this.in = new CheckedInputStream(new BufferedInputStream(Files.newInputStream(path), BUFFER), sum);
        }

        /**
         * The tokens that the snapshot is of. To be called first.
         *
         * @throws RwkvFormatException if the file is damaged, or of another format version, model or computation
         */
        int[] tokens() throws IOException {
            byte[] magic = read(MAGIC.length, "a snapshot's first bytes");
            if (!Arrays.equals(magic, MAGIC)) {
                throw wrong("a snapshot", "first bytes " + HexFormat.of().formatHex(magic));
            }
            int version = readInt("format version");
            if (version != VERSION) {
                throw wrong("format version " + VERSION, "" + version);
            }
            expect("a snapshot of model " + origin.fingerprint, origin.fingerprint);
            expect("a state computed in the same way, " + origin.computation, origin.computation);
            int count = readInt("number of tokens");
            logits = readInt("number of logits");
            int vocabulary = model.config().vocabularySize();
            if (logits != 0 && logits != vocabulary) {
                throw wrong("0 or " + vocabulary + " logits", "" + logits);
            }
            if (count < 1 || (long) Integer.BYTES * count > size || count > Integer.MAX_VALUE / Integer.BYTES) {
                throw wrong("a number of tokens that fits " + size + " bytes", "" + count);
            }
            int[] tokens = new int[count];
            ByteBuffer.wrap(read(Integer.BYTES * count, "tokens")).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer()
                    .get(tokens);
            checkSum("the tokens");
            for (int token : tokens) {
                if (token < 0 || token >= vocabulary) {
                    throw wrong("tokens from 0 to " + (vocabulary - 1), "" + token);
                }
            }
            return tokens;
        }

        /** Whether there are logits, after {@link #tokens()}. */
        boolean hasLogits() {
            return logits > 0;
        }

        /**
         * All that follows the tokens.
         *
         * @throws RwkvFormatException if the file is damaged
         */
        Contents contents() throws IOException {
            float[] values = null;
            if (logits > 0) {
                values = new float[logits];
                ByteBuffer.wrap(read(Float.BYTES * logits, "logits")).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                        .get(values);
            }
            RwkvState state = model.loadState(in);
            checkSum("the file");
            if (in.read() >= 0) {
                throw wrong("the end of the snapshot", "more bytes");
            }
            return new Contents(state, values);
        }

        private void expect(String what, String text) throws IOException {
            int length = readInt("length of a name");
            if (length < 0 || length > MAX_TEXT) {
                throw wrong(what, "a name of " + length + " bytes");
            }
            String found = new String(read(length, "a name"), StandardCharsets.UTF_8);
            if (!found.equals(text)) {
                throw wrong(what, found);
            }
        }

        private void checkSum(String what) throws IOException {
            int found = (int) sum.getValue();
            int expected = readInt("checksum");
            if (found != expected) {
                throw wrong("a checksum of " + what + " of " + Integer.toHexString(expected),
                        Integer.toHexString(found) + ": it was changed since it was written");
            }
        }

        private int readInt(String what) throws IOException {
            return ByteBuffer.wrap(read(Integer.BYTES, what)).order(ByteOrder.LITTLE_ENDIAN).getInt();
        }

        private byte[] read(int length, String what) throws IOException {
            byte[] bytes = in.readNBytes(length); // grows with what is there
            if (bytes.length < length) {
                throw wrong(what, "the end of the file");
            }
            return bytes;
        }

        private RwkvFormatException wrong(String expected, String found) {
            return RwkvFormatException.inFile(path, "expected " + expected + ", found " + found);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
