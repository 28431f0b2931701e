package io.rwkv.loader;

import static io.rwkv.loader.Fixtures.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.loader.internal.pytorch.PickleOpcode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

class HostileStreamTest {
    private static final byte[] MAGIC = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e");
    private static final byte[] VERSION = new PickleBuilder().raw(PickleOpcode.BININT2, 0xe9, 3).stop();
    private static final byte[] MACHINE = machine(PickleOpcode.NEWTRUE);
    private static final byte[] ROOT = PickleBuilder.dict().string("w").vector("a", 2).endDict();

    @TempDir
    Path folder;

    private static byte[] machine(int littleEndian) {
        return PickleBuilder.dict().string("little_endian").raw(littleEndian).endDict();
    }

    private static byte[] keys(String... keys) {
        PickleBuilder list = new PickleBuilder().raw(PickleOpcode.EMPTY_LIST, PickleOpcode.MARK);
        for (String key : keys) {
            list.string(key);
        }
        return list.raw(PickleOpcode.APPENDS).stop();
    }

    private static byte[] storage(long count, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + 4 * values.length).order(ByteOrder.LITTLE_ENDIAN).putLong(count);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private void refused(byte[] bytes, String... message) {
        assertRefused(folder, bytes, message);
    }

    @Test
    void shouldRefuseViewsThatTogetherShowTooMuch() {
        PickleBuilder root = PickleBuilder.dict();
        for (int i = 0; i < 400; i++) {
            root.string("w" + i).tensor("a", 1 << 18, 0, new long[]{512, 512}, new long[]{0, 1});
        }
        refused(join(MAGIC, VERSION, MACHINE, root.endDict(), keys("a"), storage(1 << 18, new float[1 << 18])),
                "tensor w16: expected views that together show at most 16777216 bytes");
    }

    @Test
    void shouldReadAStreamMadeByHandAndWhateverFollows() {
        byte[] stream = join(MAGIC, VERSION, MACHINE, ROOT, keys("a"), storage(2, 3, 4));
        assertArrayEquals(new float[]{3, 4}, Fixtures.open(folder, stream).tensor("w").toFloats());
        assertEquals(1, Fixtures.open(folder, join(stream, MAGIC)).names().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"module-stream.pth", "cuda-stream.pth"})
    void shouldRefuseEveryTruncation(String name) {
        byte[] whole = Fixtures.bytes(name);
        for (int length = 0; length < whole.length; length++) {
            assertRefused(folder, Arrays.copyOf(whole, length), "found");
        }
    }

    @Test
    void shouldRefuseOtherPickles() {
        refused(ROOT, "offset 0: expected the magic number 0x1950a86a20f9469cfc6c", "found a dictionary");
        refused(VERSION, "offset 0: expected the magic number", "found 1001");
        byte[] version = new PickleBuilder().integer(1002).stop();
        refused(join(MAGIC, version), "offset 15: expected the stream version 1001, found 1002");
        refused(join(MAGIC, VERSION, machine(PickleOpcode.NEWFALSE)),
                "expected a dictionary that says little_endian is true");
        refused(join(MAGIC, VERSION, VERSION), "says little_endian is true, found an integer");
        refused(join(MAGIC, VERSION, MACHINE, VERSION), "expected a dictionary of tensors by name, found an integer");
        refused(join(MAGIC, VERSION, MACHINE, ROOT, ROOT), "expected the list of storage keys, found a dictionary");
    }

    @Test
    void shouldRefuseBadKeys() {
        byte[] start = join(MAGIC, VERSION, MACHINE, ROOT);
        refused(join(start, keys()), "tensor w: expected its storage \"a\" after the pickles, found no such storage");
        refused(join(start, keys("a", "a"), storage(2, 1, 2)),
                "expected distinct strings as storage keys, found \"a\" twice");
        refused(join(start, keys("b"), storage(2, 1, 2)), "expected only storages that one of the tensors uses",
                "\"b\"");
        byte[] number = new PickleBuilder().raw(PickleOpcode.EMPTY_LIST).integer(5).raw(PickleOpcode.APPEND).stop();
        refused(join(start, number), "offset " + start.length,
                "expected distinct strings as storage keys, found an integer");
    }

    @Test
    void shouldRefuseBadStorages() {
        byte[] start = join(MAGIC, VERSION, MACHINE, ROOT, keys("a"));
        refused(start, "expected the element count of storage \"a\" in 8 bytes, found 0");
        refused(join(start, storage(1, 1)), "tensor w: expected 2 elements of F32 in storage \"a\", found 4 bytes");
        for (long count : new long[]{3, -1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 62}) {
            refused(join(start, storage(count, 1, 2)), "offset " + start.length,
                    "expected storage \"a\" of F32 within the 8 bytes that follow, found a count of " + count);
        }
    }

    @Test
    void shouldRefuseAStorageOfTwoTypesThatDoesNotHoldBoth() {
        byte[] root = PickleBuilder.dict().string("w").vector("a", 2).string("x")
                .tensor("DoubleStorage", "a", 2, 0, new long[]{2}, new long[]{1}).endDict();
        refused(join(MAGIC, VERSION, MACHINE, root, keys("a"), storage(2, 1, 2)),
                "tensor x: expected 2 elements of F64 in storage \"a\", found 8 bytes");
    }
}
