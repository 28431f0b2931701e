package io.rwkv.core;

import static io.rwkv.core.StateConformance.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.internal.model.StateArrays;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.SafetensorsWriter;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class SavedStateTest {
    private static RwkvModel model;
    private static RwkvState state;
    private static byte[] saved;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        Golden golden = Golden.of(RwkvVersion.V7);
        model = golden.model();
        state = model.newState();
        model.logits(golden.tokens(), state);
        saved = state.toBytes();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static int dataStart() {
        return 8 + (int) ByteBuffer.wrap(saved).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    private static String header() {
        return new String(saved, 8, dataStart() - 8, StandardCharsets.UTF_8);
    }

    /** The state with another header. */
    private static byte[] with(String header) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        int data = saved.length - dataStart();
        return ByteBuffer.allocate(8 + text.length + data).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text)
                .put(saved, dataStart(), data).array();
    }

    private static void assertRefused(byte[] bytes, String... parts) {
        String message = assertThrows(RwkvFormatException.class, () -> model.stateFrom(bytes)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void anyChangedBitShouldBeRefusedOrChangeNothing() {
        Random random = new Random(3);
        for (int i = 0; i < 8 * dataStart() + 3000; i++) {
            int bit = i < 8 * dataStart() ? i : random.nextInt(8 * saved.length);
            byte[] changed = saved.clone();
            changed[bit / 8] ^= 1 << bit % 8;
            try {
                assertSameBits(state, model.stateFrom(changed), "bit " + bit);
                assertTrue(bit < 8 * dataStart(), "bit " + bit + " of the data was believed");
            } catch (RwkvFormatException e) {
                assertTrue(e.getMessage().startsWith("saved state"), e.getMessage());
            }
        }
        byte[] changed = saved.clone();
        changed[saved.length - 3] ^= 1; // the result is a number like any other
        assertRefused(changed, "data_crc32c", "changed since it was saved");
    }

    @Test
    void partOfAStateShouldBeRefusedWhereverItEnds() {
        for (int length = 0; length < saved.length; length += length < 2000 ? 1 : 97) {
            byte[] part = Arrays.copyOf(saved, length);
            assertRefused(part, "saved state, offset " + length, "found the end");
            assertThrows(RwkvFormatException.class, () -> model.loadState(new ByteArrayInputStream(part)));
        }
    }

    @Test
    void moreThanAStateShouldBeRefusedWhereItIsAllThereShouldBe() throws IOException {
        byte[] more = Arrays.copyOf(saved, saved.length + 1);
        assertRefused(more, "offset " + saved.length, "expected the end");
        Path file = Files.write(folder.resolve("x"), more);
        assertTrue(assertThrows(RwkvFormatException.class, () -> model.loadState(file)).getMessage()
                .startsWith(file.toString()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffffffffffffffff", "ffffffffffffff7f", "ffffff7f00000000", "0000000000000000"})
    void aFalseLengthShouldBeRefusedWithoutRoomForIt(String length) {
        byte[] changed = saved.clone();
        System.arraycopy(HexFormat.of().parseHex(length), 0, changed, 0, 8);
        assertRefused(changed, "offset 0", length);
    }

    /** What is replaced in the header; the message says the rest. */
    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', delimiter = '|', value = {
            "`\"format\":\"rwkv-state\"` | `\"format\":\"rwkv-other\"` | format rwkv-other",
            "`\"format\":\"rwkv-state\",` | `` | found no format",
            "`\"format_version\":\"1\"` | `\"format_version\":\"2\"` | format_version 2",
            "`state.1.att_kv` | `state.1.att_kw` | `tensor state.1.att_kv: missing`",
            "`state.1.att_kv` | `state.0.att_kv` | `Duplicate`",
            "`[3,8,8]` | `[8,3,8]` | `tensor state.0.att_kv: expected shape [3, 8, 8], found [8, 3, 8]`",
            "`\"F32\"` | `\"I32\"` | `expected F32, found I32`",
            "`\"data_offsets\":[0,96]` | `\"data_offsets\":[0,92]` | `state.0.att_xx: expected 96 bytes`",
            "`\"data_offsets\":[0,96]` | `\"data_offsets\":[96,0]` | `state.0.att_xx: expected 96 bytes`",
            "`\"data_offsets\":[0,96]` | `\"data_offsets\":[96,192]` | expected data_offsets to start at",
            "`\"data_offsets\":[0,96]` | `\"data_offsets\":[0,99999999999999999999]` | malformed",
            "`{\"__metadata__\":` | `{\"state.2.att_xx\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},\"__metadata__\":` | `tensor state.2.att_xx`",
            "`{\"__metadata__\":` | `[{\"__metadata__\":` | malformed",
            "`{\"__metadata__\":` | `{\"x\":{}},{\"y\":` | malformed"})
    void anotherHeaderShouldBeRefused(String found, String replaced, String message) {
        assertTrue(header().contains(found), header());
        assertRefused(with(header().replaceFirst(Pattern.quote(found),
                Matcher.quoteReplacement(replaced == null ? "" : replaced))), message);
    }

    @Test
    void aDeepHeaderShouldBeRefused() {
        assertRefused(with("[".repeat(60_000)), "malformed");
        assertRefused(with("{\"a\":{\"b\":" + "[".repeat(60_000)), "malformed");
    }

    @Test
    void statesOfOtherVersionsShouldBeRefusedBeforeTheirData() {
        try (RwkvModel other = Golden.of(RwkvVersion.V4).model()) {
            byte[] strange = other.newState().toBytes();
            for (InputStream in : List.of(new ByteArrayInputStream(strange),
                    new ByteArrayInputStream(strange, 0, 2000))) {
                String message = assertThrows(RwkvFormatException.class, () -> model.loadState(in)).getMessage();
                assertTrue(message.contains("a state of this model") && message.contains(other.fingerprint()), message);
            }
        }
    }

    @Test
    void statesWithoutAChecksumShouldBeRead() throws IOException {
        String without = header().replaceFirst(",\"data_crc32c\":\"[0-9a-f]{8}\"", "");
        assertFalse(without.contains("crc"), without);
        assertSameBits(state, model.stateFrom(with(without)), "as they were first written");
        SafetensorsWriter writer = new SafetensorsWriter().metadata("model_fingerprint", model.fingerprint())
                .metadata("format_version", "1").metadata("format", "rwkv-state");
        for (int layer = state.layers() - 1; layer >= 0; layer--) {
            for (String part : state.parts()) {
                writer.floats("state." + layer + "." + part, state.shape(part), state.read(layer, part));
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writer.write(out);
        assertSameBits(state, model.stateFrom(out.toByteArray()), "in another order");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void whatIsNoNumberShouldNeitherBeSavedNorRead(float value) throws IOException {
        RwkvState damaged = state.copy();
        StateArrays arrays = damaged.enter();
        arrays.array(1, 1)[5] = value;
        damaged.leave();
        Path file = folder.resolve("x");
        String message = assertThrows(ArithmeticException.class, () -> damaged.save(file)).getMessage();
        assertTrue(message.contains("state.1.att_kv") && message.contains(Float.toString(value)), message);
        assertFalse(Files.exists(file));
        SafetensorsWriter writer = new SafetensorsWriter().metadata("model_fingerprint", model.fingerprint())
                .metadata("format_version", "1").metadata("format", "rwkv-state");
        damaged.addTo(writer);
        writer.write(file);
        message = assertThrows(RwkvFormatException.class, () -> model.loadState(file)).getMessage();
        assertTrue(message.contains("tensor state.1.att_kv") && message.contains(Float.toString(value)), message);
    }

    @Test
    void savedBytesShouldBeASafetensorsFile() throws IOException {
        Path file = Files.write(folder.resolve("x"), saved);
        var tensors = SafetensorsReader.open(file);
        assertEquals(6, tensors.names().size());
        assertEquals("rwkv-state", tensors.metadata().get("format"));
        assertEquals(-1, Arrays.mismatch(state.read(1, "att_kv"), tensors.tensor("state.1.att_kv").toFloats()));
        state.save(file);
        assertEquals(-1, Arrays.mismatch(saved, Files.readAllBytes(file)));
    }

    @Test
    void streamsMayGiveLittleAtATime() throws IOException {
        InputStream in = new FilterInputStream(new ByteArrayInputStream(saved)) {
            @Override
            public int read(byte[] to, int at, int length) throws IOException {
                return super.read(to, at, Math.min(length, 3));
            }
        };
        assertSameBits(state, model.loadState(in), "three bytes at a time");
    }

    @Test
    void faultsOfStreamsAndFilesShouldStayWhatTheyAre() {
        IOException full = new IOException("full");
        assertEquals(full, assertThrows(IOException.class, () -> state.save(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw full;
            }
        })));
        assertThrows(NoSuchFileException.class, () -> model.loadState(folder.resolve("x")));
        assertEquals(folder + ": expected a saved state, found a folder",
                assertThrows(IOException.class, () -> model.loadState(folder)).getMessage());
        model.logits(new int[]{1}, state.copy()); // not in use any more
    }

    @Test
    void otherFileSystemsShouldDo() throws IOException {
        try (FileSystem files = FileSystems.newFileSystem(folder.resolve("x.zip"), Map.of("create", "true"))) {
            state.save(files.getPath("/state"));
            assertSameBits(state, model.loadState(files.getPath("/state")), "zip");
        }
    }

    @Test
    void tensorsAddedToAFileShouldBeThoseOfTheMoment() throws IOException {
        RwkvState moving = state.copy();
        SafetensorsWriter writer = new SafetensorsWriter();
        moving.addTo(writer);
        model.logits(new int[]{1, 2}, moving);
        model.logits(new int[]{3}, moving);
        Path file = folder.resolve("x");
        writer.write(file);
        assertEquals(-1, Arrays.mismatch(state.read(1, "att_kv"),
                SafetensorsReader.open(file).tensor("state.1.att_kv").toFloats()));
    }

    @Test
    void everyUseDuringAnotherShouldBeRefused() throws Exception {
        RwkvState busy = state.copy();
        CountDownLatch saving = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<Void> save = thread.submit(() -> {
                busy.save(new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        saving.countDown();
                        try {
                            done.await();
                        } catch (InterruptedException e) {
                            throw new IOException(e);
                        }
                    }
                });
                return null;
            });
            saving.await();
            List<Executable> uses = List.of(() -> busy.read(0, "att_xx"), busy::copy, busy::reset, busy::toBytes,
                    () -> busy.save(folder.resolve("x")), () -> busy.addTo(new SafetensorsWriter()),
                    () -> model.logits(new int[]{1}, busy));
            for (Executable use : uses) {
                String message = assertThrows(IllegalStateException.class, use).getMessage();
                assertTrue(message.contains("state in use"), message);
            }
            assertEquals(state.byteSize(), busy.byteSize());
            done.countDown();
            save.get();
        } finally {
            done.countDown();
            thread.shutdown();
        }
        assertSameBits(state, busy, "untouched");
    }
}
