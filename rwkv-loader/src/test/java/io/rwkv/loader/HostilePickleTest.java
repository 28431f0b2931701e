package io.rwkv.loader;

import static io.rwkv.loader.Fixtures.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.loader.internal.pytorch.PickleOpcode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

class HostilePickleTest {
    /** Where a pickle begins in the zips made here: header, name and extra part come first. */
    private static final int PICKLE = 30 + "archive/data.pkl".length() + 7;

    @TempDir
    Path folder;

    private byte[] zip(byte[] pickle) {
        return ZipBuilder.checkpoint(pickle, new byte[16]).bytes();
    }

    private RwkvFormatException refused(byte[] pickle, String... message) {
        return assertTimeoutPreemptively(Duration.ofSeconds(20), () -> assertRefused(folder, zip(pickle), message));
    }

    @Test
    void shouldReadAFileMadeByHand() {
        assertArrayEquals(new float[4],
                Fixtures.open(folder, zip(PickleBuilder.dict().string("w").vector("0", 4).endDict())).tensor("w")
                        .toFloats());
    }

    @ParameterizedTest
    @CsvSource({"os, system", "builtins, eval", "torch._utils, _rebuild_tensor", "torch, FloatStorage2",
            "torch.storage, UntypedStorage"})
    void shouldRefuseEveryNameThatIsNotListed(String module, String name) {
        PickleBuilder pickle = PickleBuilder.dict().string("w");
        int at = PICKLE + pickle.size();
        RwkvFormatException e = refused(
                pickle.global(module, name).string("rm -rf /").raw(0x85, PickleOpcode.REDUCE).endDict(),
                "found " + module + "." + name + ", which is refused");
        assertEquals(at, e.offset());
        refused(PickleBuilder.dict().string("w").string(module).string(name).raw(PickleOpcode.STACK_GLOBAL).endDict(),
                "found " + module + "." + name + ", which is refused");
    }

    @ParameterizedTest
    @CsvSource({"111, INST", "105, INST", "0x81, NEWOBJ (81)", "0x92, NEWOBJ_EX (92)", "0x82, EXT1 (82)",
            "80, PERSID (50)", "73, INT (49)", "48, POP (30)", "50, DUP (32)", "0x96, BYTEARRAY8 (96)",
            "0x80, PROTO (80)", "0xff, unknown (ff)"})
    void shouldNameTheInstructionItRefuses(String opcode, String name) {
        int value = Integer.decode(opcode);
        RwkvFormatException e = refused(new PickleBuilder().raw(value).stop(),
                "expected an instruction that torch.save writes, found " + (value == 111 ? "OBJ" : name));
        assertEquals(PICKLE + 2, e.offset());
    }

    @Test
    void shouldRefuseOtherProtocols() {
        refused(new byte[]{(byte) 0x80, 1, 'N', '.'}, "expected a pickle of protocol 2 to 5", "found 80 01");
        refused(new byte[]{(byte) 0x80, 6, 'N', '.'}, "found 80 06");
        refused(new byte[]{'N', '.'}, "found 4e 2e");
    }

    @Test
    void shouldRefuseSelfReference() {
        byte[] dictInItself = new PickleBuilder().raw(PickleOpcode.EMPTY_DICT, PickleOpcode.BINPUT, 0).string("self")
                .raw(PickleOpcode.BINGET, 0, PickleOpcode.SETITEM).stop();
        refused(dictInItself, "found a dictionary under \"self\" with keys [self]");
        byte[] listInItself = PickleBuilder.dict().string("list").raw(PickleOpcode.EMPTY_LIST, PickleOpcode.BINPUT, 0)
                .raw(PickleOpcode.BINGET, 0, PickleOpcode.APPEND).endDict();
        refused(listInItself, "found a list under \"list\"");
        byte[] asKey = new PickleBuilder().raw(PickleOpcode.EMPTY_DICT, PickleOpcode.BINPUT, 0, PickleOpcode.BINGET, 0)
                .raw(PickleOpcode.NONE, PickleOpcode.SETITEM).stop();
        refused(asKey, "expected a string or an integer as key, found a dictionary");
    }

    @Test
    void shouldRefuseDeepNesting() {
        PickleBuilder pickle = new PickleBuilder();
        for (int i = 0; i < 100_000; i++) {
            pickle.raw(PickleOpcode.MARK);
        }
        refused(pickle.stop(), "expected at most 65536 values on the pickle's stack, found more");
        PickleBuilder tuples = new PickleBuilder().raw(PickleOpcode.EMPTY_TUPLE);
        for (int i = 0; i < 100_000; i++) {
            tuples.raw(PickleOpcode.TUPLE1);
        }
        refused(tuples.stop(), "expected a dictionary of tensors by name, found a tuple");
    }

    @Test
    void shouldRefuseEndlessWork() {
        PickleBuilder pickle = new PickleBuilder().raw(PickleOpcode.EMPTY_LIST);
        for (int i = 0; i < 1 << 19; i++) {
            pickle.raw(PickleOpcode.EMPTY_DICT, PickleOpcode.APPEND);
        }
        RwkvFormatException e = assertRefused(folder, largeZip(pickle.stop()),
                "expected a pickle of at most 1048576 instructions, found a longer one");
        assertTrue(e.offset() >= 1 << 20, e.getMessage());
    }

    @Test
    void shouldNotBelieveLengths() {
        for (int opcode : new int[]{PickleOpcode.BINUNICODE, PickleOpcode.BINBYTES}) {
            refused(new PickleBuilder().raw(opcode).i32(-1).stop(),
                    "expected 4294967295 more bytes of the pickle, found 1");
            refused(new PickleBuilder().raw(opcode).i32(2).stop(), "expected 2 more bytes of the pickle, found 1");
        }
        for (int opcode : new int[]{PickleOpcode.BINUNICODE8, PickleOpcode.BINBYTES8, PickleOpcode.FRAME}) {
            refused(new PickleBuilder().raw(opcode).i32(-1).i32(-1).stop(),
                    "expected 18446744073709551615 more bytes of the pickle, found 1");
            refused(new PickleBuilder().raw(opcode).i32(0).i32(1).stop(),
                    "expected 4294967296 more bytes of the pickle, found 1");
        }
        refused(new PickleBuilder().raw(PickleOpcode.SHORT_BINUNICODE, 9).stop(), "expected 9 more bytes");
        refused(new PickleBuilder().raw(PickleOpcode.LONG4).i32(Integer.MAX_VALUE).stop(),
                "expected an integer of at most 16 bytes, found one of 2147483647");
        refused(new PickleBuilder().raw(PickleOpcode.LONG1, 17).stop(), "at most 16 bytes, found one of 17");
        refused(new PickleBuilder().raw(PickleOpcode.LONG1, 3).stop(), "expected 3 more bytes of the pickle, found 1");
    }

    @Test
    void shouldRefuseBadText() {
        refused(new PickleBuilder().raw(PickleOpcode.SHORT_BINUNICODE, 1, 0xff).stop(), "expected a string in UTF-8");
        refused(new PickleBuilder().global("x".repeat(300), "y").stop(), "expected a name of at most 256 bytes");
        refused(new PickleBuilder().string("x".repeat(300)).stop(),
                "expected a dictionary of tensors by name, found a string");
        byte[] longString = new PickleBuilder().string("x".repeat(1 + (1 << 20))).stop();
        assertRefused(folder, largeZip(longString),
                "expected a string of at most 1048576 bytes, found one of 1048577");
    }

    @Test
    void shouldRefuseAPickleThatIsTooLong() {
        assertRefused(folder, largeZip(new byte[(1 << 24) + 1]),
                "expected a data.pkl of at most 16777216 bytes, found one of 16777217");
    }

    @Test
    void shouldRefuseBadMemoIndices() {
        refused(new PickleBuilder().raw(PickleOpcode.BINGET, 7).stop(),
                "expected the index of a memoized value, found 7");
        refused(new PickleBuilder().raw(PickleOpcode.LONG_BINGET).i32(-1).stop(), "memoized value, found 4294967295");
        refused(new PickleBuilder().raw(PickleOpcode.NONE, PickleOpcode.LONG_BINPUT).i32(-1).stop(),
                "expected a memo index below 1048576, found 4294967295");
        refused(new PickleBuilder().raw(PickleOpcode.BINPUT, 0).stop(),
                "expected 1 values on the pickle's stack, found 0");
    }

    @Test
    void shouldRefuseBadStacks() {
        refused(new PickleBuilder().stop(), "expected 1 values on the pickle's stack, found 0");
        refused(new PickleBuilder().raw('N', 'N').stop(), "expected one value at the end of the pickle, found 2");
        refused(new PickleBuilder().raw('N', PickleOpcode.TUPLE2).stop(),
                "expected 2 values on the pickle's stack, found 1");
        refused(new PickleBuilder().raw('N', 'N', PickleOpcode.MARK, PickleOpcode.TUPLE1).stop(),
                "expected 1 values on the pickle's stack, found 0");
        refused(new PickleBuilder().raw(PickleOpcode.TUPLE).stop(), "expected a MARK before, found none");
        refused(new PickleBuilder().raw('N', 'N', PickleOpcode.APPEND).stop(),
                "expected a list to append to, found None");
        refused(new PickleBuilder().raw('N', 'N', 'N', PickleOpcode.SETITEM).stop(),
                "expected a dictionary to set items of, found None");
        refused(new PickleBuilder().raw(PickleOpcode.EMPTY_DICT, PickleOpcode.MARK, 'N', PickleOpcode.SETITEMS).stop(),
                "expected pairs of key and value, found 1 values");
        refused(new PickleBuilder().raw('N', 'N', PickleOpcode.BUILD).stop(), "expected attributes of an OrderedDict");
        refused(new PickleBuilder().raw('N', 'N', PickleOpcode.STACK_GLOBAL).stop(), "expected a name's two strings");
    }

    @Test
    void shouldRefuseBadCalls() {
        refused(new PickleBuilder().raw('N', 'N', PickleOpcode.REDUCE).stop(), "expected a function and its arguments");
        refused(new PickleBuilder().global("torch", "FloatStorage").raw(')', PickleOpcode.REDUCE).stop(),
                "expected a function to call, found the name torch.FloatStorage");
        refused(new PickleBuilder().global("collections", "OrderedDict").tuple(1).raw(PickleOpcode.REDUCE).stop(),
                "expected an OrderedDict made empty, found 1 arguments");
        refused(new PickleBuilder().global("torch._utils", "_rebuild_tensor_v2").tuple(1, 2).raw(PickleOpcode.REDUCE)
                .stop(), "expected the arguments of _rebuild_tensor_v2", "found (an integer, an integer)");
        refused(new PickleBuilder().global("torch._utils", "_rebuild_parameter").tuple(1, 2, 3)
                .raw(PickleOpcode.REDUCE).stop(), "expected three arguments of _rebuild_parameter, the first a tensor");
        refused(new PickleBuilder().raw('N', PickleOpcode.BINPERSID).stop(), "expected a storage's tuple, found None");
        refused(new PickleBuilder().tuple(1, 2, 3, 4, 5).raw(PickleOpcode.BINPERSID).stop(),
                "expected a storage as (\"storage\", class, key, location, element count), found (an integer");
        refused(new PickleBuilder().storage("FloatStorage", "0", -1).stop(), "expected an element count of 0 or more");
        PickleBuilder view = new PickleBuilder().raw(PickleOpcode.MARK).string("storage")
                .global("torch", "FloatStorage")
                .string("0").string("cpu").integer(4).tuple(1, 2, 3).raw(PickleOpcode.TUPLE, PickleOpcode.BINPERSID);
        refused(view.stop(), "expected storage \"0\" to be whole, found a view");
    }

    private static PickleBuilder fromType(String function, String type) {
        return PickleBuilder.dict().string("w").global("torch._tensor", "_rebuild_from_type_v2").raw(PickleOpcode.MARK)
                .global("torch._utils", function).global("torch", type);
    }

    /** What rebuilds a tensor with attributes calls what rebuilds one without, and nothing else. */
    @Test
    void shouldRefuseBadCallsWithAttributes() {
        int[] end = {PickleOpcode.EMPTY_DICT, PickleOpcode.TUPLE, PickleOpcode.REDUCE};
        String expected = "expected the arguments of _rebuild_from_type_v2";
        refused(fromType("_rebuild_tensor_v2", "Tensor").tuple(1).raw(end).endDict(),
                "expected the arguments of _rebuild_tensor_v2", "found (an integer)");
        refused(fromType("_rebuild_tensor_v2", "Tensor").tuple(1).raw(end[1], end[2]).endDict(), expected);
        refused(fromType("_rebuild_tensor_v2", "FloatStorage").tuple(1).raw(end).endDict(),
                expected);
        refused(fromType("_rebuild_tensor_v2", "Tensor").raw('N', end[0], end[1], end[2]).endDict(), expected);
        refused(fromType("_rebuild_sparse_tensor", "Tensor").tuple(1).raw(end).endDict(),
                "found torch._utils._rebuild_sparse_tensor, which is refused");
        for (String[] function : new String[][]{{"collections", "OrderedDict"}, {"torch", "Tensor"},
                {"torch._tensor", "_rebuild_from_type_v2"}}) {
            refused(PickleBuilder.dict().string("w").global("torch._tensor", "_rebuild_from_type_v2")
                    .raw(PickleOpcode.MARK).global(function[0], function[1]).global("torch", "Tensor").tuple()
                    .raw(end).endDict(), expected, "found (the name " + function[0]);
        }
        refused(new PickleBuilder().global("torch._utils", "_rebuild_parameter_with_state").tuple(1, 2, 3, 4)
                .raw(PickleOpcode.REDUCE).stop(), "expected four arguments of _rebuild_parameter_with_state");
        refused(new PickleBuilder().global("torch", "Tensor").raw(PickleOpcode.EMPTY_TUPLE, PickleOpcode.REDUCE).stop(),
                "expected a function to call, found the name torch.Tensor");
        refused(PickleBuilder.dict().string("w").global("torch.nn.parameter", "Parameter").endDict(),
                "found the name torch.nn.parameter.Parameter under \"w\"");
    }

    /** PyTorch notes with a tensor that its elements are to be negated when they are read. */
    @Test
    void shouldRefuseTensorsThatAreNotWhatIsStored() {
        refused(withMetadata("neg", PickleOpcode.NEWTRUE), "found its metadata \"neg\" set");
        refused(withMetadata("conj", PickleOpcode.NEWTRUE), "found its metadata \"conj\" set");
        refused(withMetadata("new", PickleOpcode.NONE), "found its metadata \"new\" set");
        assertArrayEquals(new float[4],
                Fixtures.open(folder, zip(withMetadata("neg", PickleOpcode.NEWFALSE))).tensor("w").toFloats());
    }

    private static byte[] withMetadata(String key, int value) {
        return PickleBuilder.dict().string("w").global("torch._utils", "_rebuild_tensor_v2").raw(PickleOpcode.MARK)
                .storage("FloatStorage", "0", 4).integer(0).tuple(4).tuple(1).raw(PickleOpcode.NEWFALSE)
                .raw(PickleOpcode.EMPTY_DICT, PickleOpcode.EMPTY_DICT).string(key).raw(value, PickleOpcode.SETITEM)
                .raw(PickleOpcode.TUPLE, PickleOpcode.REDUCE).endDict();
    }

    @Test
    void shouldRefuseBadTensors() {
        long max = Long.MAX_VALUE;
        tensor("expected a storage offset of 0 or more, found -1", 4, -1, new long[]{1}, new long[]{1});
        tensor("expected integers of 0 or more as size, found -1", 4, 0, new long[]{-1}, new long[]{1});
        tensor("expected integers of 0 or more as stride, found -3", 4, 0, new long[]{1}, new long[]{-3});
        tensor("one stride per dimension, found 1 for 2", 4, 0, new long[]{2, 2}, new long[]{1});
        tensor("tensor w: expected 20 bytes of F32 data for shape [5]", 4, 0, new long[]{5}, new long[]{1});
        tensor("tensor w: expected 16 bytes of F32 data for shape [4]", 4, 1, new long[]{4}, new long[]{1});
        // Within the storage in the file, but not within what the pickle says of it.
        tensor("tensor w: expected 16 bytes of F32 data for shape [4]", 3, 0, new long[]{4}, new long[]{1});
        tensor("tensor w: expected 5 elements of F32 in storage \"0\", found 16 bytes", 5, 0, new long[]{1},
                new long[]{1});
        tensor("expected " + max + " elements of F32", max, 0, new long[]{1}, new long[]{1});
        tensor("expected a storage offset of at most 4, the storage's element count, found " + max, 4, max,
                new long[]{1}, new long[]{1});
        tensor("expected a size that fits the file", 4, 0, new long[]{max, 2}, new long[]{0, 0});
        tensor("expected a size that fits the file", 4, 0, new long[]{2, 2}, new long[]{max, 1});
        tensor("expected no more elements than the file's", 4, 0, new long[]{1L << 40}, new long[]{0});
        tensor("expected a size of at most 16 dimensions, found 17", 4, 0, new long[17], new long[17]);
    }

    private void tensor(String message, long count, long offset, long[] shape, long[] strides) {
        refused(PickleBuilder.dict().string("w").tensor("0", count, offset, shape, strides).endDict(), message);
    }

    @Test
    void shouldRefuseBadNames() {
        refused(PickleBuilder.dict().string("w").vector("0", 4).string("w").vector("0", 4).endDict(),
                "expected distinct keys, found \"w\" twice");
        refused(PickleBuilder.dict().integer(1).vector("0", 4).endDict(),
                "found a tensor under a key that is no string, 1");
        refused(PickleBuilder.dict().string("w").vector("1", 4).endDict(),
                "tensor w: expected its data in the zip entry archive/data/1, found no such entry");
        refused(PickleBuilder.dict().string("epoch").integer(3).endDict(),
                "expected a dictionary of tensors by name, found one without tensors, with keys [epoch]");
        refused(PickleBuilder.dict().string("w").storage("FloatStorage", "0", 4).endDict(),
                "found a storage under \"w\"");
    }

    /** Plain values are left out, but not those that say what the weights are. */
    @Test
    void shouldRefusePlainValuesThatBelongToTheWeights() {
        refused(PickleBuilder.dict().string("_rescale_layer").integer(6).string("w").vector("0", 4).endDict(),
                "found an integer under \"_rescale_layer\"; ChatRWKV converted the file");
        refused(PickleBuilder.dict().string("w").vector("0", 4).string("_strategy").string("cpu fp32").endDict(),
                "found a string under \"_strategy\"; ChatRWKV converted the file");
        refused(PickleBuilder.dict().string("w").vector("0", 4).string("blocks.3.att.scale").integer(2).endDict(),
                "found an integer under \"blocks.3.att.scale\"");
        byte[] taken = ZipBuilder.checkpoint(PickleBuilder.dict().string("epoch").integer(6).string("w")
                .vector("0", 4).string("note").string("_strategy").endDict(), new byte[16]).bytes();
        assertEquals(Set.of("w"), Fixtures.open(folder, taken).names());
    }

    /** For pickles beyond the megabyte that ZipBuilder holds. */
    private static byte[] largeZip(byte[] pickle) {
        ByteArrayOutputStream zip = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(zip)) {
            out.setMethod(ZipOutputStream.STORED);
            CRC32 crc = new CRC32();
            crc.update(pickle);
            ZipEntry entry = new ZipEntry("archive/data.pkl");
            entry.setCrc(crc.getValue());
            entry.setSize(pickle.length);
            out.putNextEntry(entry);
            out.write(pickle);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return zip.toByteArray();
    }
}
