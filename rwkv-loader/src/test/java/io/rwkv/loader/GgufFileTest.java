package io.rwkv.loader;

import static io.rwkv.loader.GgufBuilder.array;
import static io.rwkv.loader.GgufBuilder.bytes;
import static io.rwkv.loader.GgufBuilder.join;
import static io.rwkv.loader.GgufBuilder.text;
import static io.rwkv.loader.GgufBuilder.texts;
import static io.rwkv.loader.GgufBuilder.u32;
import static io.rwkv.loader.GgufBuilder.u64;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

class GgufFileTest {
    @TempDir
    Path folder;

    /** An RWKV whose files have our own names, so that nothing is said about the tensors. */
    private static GgufBuilder rwkv4() {
        return new GgufBuilder().architecture("rwkv4");
    }

    private TensorFile open(GgufBuilder builder) {
        return Fixtures.open(folder, builder.build());
    }

    private void assertRefused(byte[] bytes, String... parts) {
        Fixtures.assertRefused(folder, bytes, parts);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void tensorsShouldBeMappedWithTheirDimensionsTurnedRound(int version) {
        TensorFile file = open(rwkv4().version(version).tensor("a", new float[]{1, 2, 3, 4, 5, 6}, 2, 3)
                .tensor("b", new float[]{7}).tensor("c", new float[0], 0, 5));
        assertEquals("GGUF v" + version + ", rwkv4", file.format());
        assertEquals(List.of("a", "b", "c"), List.copyOf(file.names()));
        assertArrayEquals(new long[]{2, 3}, file.tensor("a").shape());
        assertArrayEquals(new float[]{1, 2, 3, 4, 5, 6}, file.tensor("a").toFloats());
        assertEquals(DType.F32, file.tensor("a").dtype());
        assertTrue(((MappedTensor) file.tensor("a")).isContiguous());
        assertArrayEquals(new long[0], file.tensor("b").shape());
        assertArrayEquals(new float[]{7}, file.tensor("b").toFloats());
        assertEquals(0, file.tensor("c").elementCount());
        assertEquals("a", file.nameInFile("a"));
    }

    @Test
    void everyTypeShouldBeKnownByItsNumber() {
        Map<Integer, DType> numbers = Map.ofEntries(Map.entry(0, DType.F32), Map.entry(1, DType.F16),
                Map.entry(2, DType.Q4_0), Map.entry(3, DType.Q4_1), Map.entry(6, DType.Q5_0), Map.entry(7, DType.Q5_1),
                Map.entry(8, DType.Q8_0), Map.entry(12, DType.Q4_K), Map.entry(13, DType.Q5_K),
                Map.entry(14, DType.Q6_K), Map.entry(24, DType.I8), Map.entry(25, DType.I16), Map.entry(26, DType.I32),
                Map.entry(27, DType.I64), Map.entry(28, DType.F64), Map.entry(30, DType.BF16));
        GgufBuilder builder = rwkv4();
        numbers.forEach((number, type) -> builder.tensor(type.name(), number, new byte[(int) type.bytes(512)], 2, 256));
        TensorFile file = open(builder);
        numbers.values().forEach(type -> assertEquals(type, file.tensor(type.name()).dtype()));
        for (int number = 0; number < 64; number++) {
            if (!numbers.containsKey(number)) {
                assertRefused(rwkv4().tensor("a", number, new byte[4096], 256).build(),
                        "tensor a: expected a type among F32",
                        "found " + (number == 10 ? "Q2_K" : number == 39 ? "MXFP4" : ""));
            }
        }
    }

    @Test
    void everyKindOfValueShouldBeReadOrPassedOver() {
        TensorFile file = open(rwkv4().key("u8", GgufBuilder.U8, new byte[]{(byte) 200})
                .key("i8", GgufBuilder.I8, new byte[]{(byte) 200})
                .key("u16", GgufBuilder.U16, bytes(2, b -> b.putShort((short) 60000)))
                .key("i16", GgufBuilder.I16, bytes(2, b -> b.putShort((short) 60000)))
                .key("u32", GgufBuilder.U32, u32(4_000_000_000L)).key("i32", GgufBuilder.I32, u32(4_000_000_000L))
                .key("f32", GgufBuilder.F32, bytes(4, b -> b.putFloat(0.5f)))
                .key("bool", GgufBuilder.BOOL, new byte[]{1}).key("string", GgufBuilder.STRING, text("größer"))
                .key("long", GgufBuilder.STRING, text("x".repeat(100_000)))
                .key("u64", GgufBuilder.U64, u64(1L << 40)).key("i64", GgufBuilder.I64, u64(-5))
                .key("f64", GgufBuilder.F64, bytes(8, b -> b.putDouble(0.1)))
                .key("numbers", GgufBuilder.ARRAY, array(GgufBuilder.U16, 3, new byte[6]))
                .key("strings", GgufBuilder.ARRAY, texts("a", "", "bc"))
                .key("nested", GgufBuilder.ARRAY,
                        array(GgufBuilder.ARRAY, 2, texts("a", "b"), array(GgufBuilder.F64, 1, new byte[8])))
                .key("empty", GgufBuilder.ARRAY, array(GgufBuilder.STRING, 0)).tensor("a", new float[]{3}, 1));
        assertEquals(Map.ofEntries(Map.entry("general.architecture", "rwkv4"), Map.entry("u8", "200"),
                Map.entry("i8", "-56"), Map.entry("u16", "60000"), Map.entry("i16", "-5536"),
                Map.entry("u32", "4000000000"), Map.entry("i32", "-294967296"), Map.entry("f32", "0.5"),
                Map.entry("bool", "true"), Map.entry("string", "größer"), Map.entry("u64", "1099511627776"),
                Map.entry("i64", "-5"), Map.entry("f64", "0.1")), file.metadata());
        assertArrayEquals(new float[]{3}, file.tensor("a").toFloats());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 64, 4096})
    void dataShouldBeAlignedAsTheFileSays(int alignment) {
        TensorFile file = open(rwkv4().alignment(alignment).key("general.alignment", GgufBuilder.U32, u32(alignment))
                .tensor("a", new float[]{1}, 1).tensor("b", new float[]{2, 3}, 2));
        assertEquals(0, ((MappedTensor) file.tensor("a")).byteOffset() % alignment);
        assertArrayEquals(new float[]{2, 3}, file.tensor("b").toFloats());
    }

    @Test
    void otherVersionsShouldBeRefused() {
        assertRefused(rwkv4().version(1).build(), "offset 4: expected GGUF of version 2 or 3, found version 1");
        assertRefused(rwkv4().version(4).build(), "found version 4");
        assertRefused(rwkv4().version(3 << 24).build(), "found a big-endian file");
    }

    @Test
    void everyTruncationShouldBeRefused() {
        byte[] whole = rwkv4().key("k", GgufBuilder.ARRAY, texts("a", "bc")).key("v", GgufBuilder.STRING, text("value"))
                .tensor("a", new float[]{1, 2}, 2).build();
        for (int length = 5; length < whole.length; length++) {
            assertRefused(Arrays.copyOf(whole, length), "expected");
        }
        assertRefused(Arrays.copyOf(whole, 10), "offset 8: expected the number of tensors in 8 bytes, found the end of"
                + " the file after 2");
        assertRefused(Arrays.copyOf(whole, whole.length - 1), "tensor a: expected 8 bytes of F32 data");
    }

    @Test
    void countsThatLieShouldBeRefusedBeforeTheyAreBelieved() {
        for (long count : new long[]{1L << 62, -1, 1L << 32, 1000}) {
            assertRefused(rwkv4().build(count, 1), "offset 8: expected the number of tensors of at most",
                    "found " + Long.toUnsignedString(count));
            assertRefused(rwkv4().build(0, count), "offset 16: expected the number of keys of at most");
            assertRefused(rwkv4().key("s", GgufBuilder.STRING, u64(count)).build(),
                    "expected a string's length of at most");
            assertRefused(rwkv4().key("s", GgufBuilder.ARRAY, array(GgufBuilder.U32, count)).build(),
                    "expected an array's length of at most");
            assertRefused(rwkv4().key("s", GgufBuilder.ARRAY, array(GgufBuilder.ARRAY, count)).build(),
                    "expected an array's length of at most");
        }
    }

    @Test
    void metadataThatIsNoneShouldBeRefused() {
        assertRefused(rwkv4().key("k", 13, new byte[8]).build(), "expected a value's type from 0 to 12, found 13");
        assertRefused(rwkv4().key("k", -1, new byte[8]).build(), "found 4294967295");
        assertRefused(rwkv4().key("k", GgufBuilder.ARRAY, array(13, 1, new byte[8])).build(), "found 13");
        assertRefused(rwkv4().key("k", GgufBuilder.U8, new byte[1]).key("k", GgufBuilder.U8, new byte[1]).build(),
                "expected each key once, found k again");
        assertRefused(rwkv4().key("k", GgufBuilder.STRING, text(new byte[]{(byte) 0xC3, 0x28})).build(),
                "expected k in UTF-8");
        byte[] deep = array(GgufBuilder.U8, 1, new byte[1]);
        for (int depth = 0; depth < 4; depth++) {
            deep = array(GgufBuilder.ARRAY, 1, deep);
        }
        assertRefused(rwkv4().key("k", GgufBuilder.ARRAY, deep).build(), "expected arrays nested 4 deep at most");
    }

    @Test
    void alignmentsThatAreNoneShouldBeRefused() {
        for (long alignment : new long[]{0, 3, 1 << 21}) {
            assertRefused(rwkv4().key("general.alignment", GgufBuilder.U32, u32(alignment)).build(),
                    "for general.alignment", "found " + alignment);
        }
        assertRefused(rwkv4().key("general.alignment", GgufBuilder.STRING, text("32")).build(),
                "expected for general.alignment an integer from 0 to 1048576, found STRING");
    }

    @Test
    void tensorsThatAreNoneShouldBeRefused() {
        assertRefused(rwkv4().info("a", 0, 0, 1, 1, 1, 1, 1).build(),
                "tensor a: expected at most 4 dimensions, found 5");
        assertRefused(rwkv4().tensor("a", new float[1], 1).tensor("a", new float[1], 1).build(),
                "tensor a: expected each name once");
        assertRefused(rwkv4().info("a", 0, 32, 4).build(), "tensor a", "expected 16 bytes of F32 data");
        assertRefused(rwkv4().tensor("a", 8, new byte[34], 31).build(),
                "tensor a: expected rows of whole blocks of 32 elements for Q8_0, found shape [31]");
        for (long offset : new long[]{4, -32, Long.MIN_VALUE, 1L << 40}) {
            assertRefused(rwkv4().tensor("b", new float[64], 64).info("a", 0, offset, 4).build(),
                    "tensor a: expected an offset that is a multiple of 32 and within the file");
        }
        for (long length : new long[]{-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 61, 1L << 32}) {
            assertRefused(rwkv4().tensor("b", new float[64], 64).info("a", 0, 0, length, 4).build(), "tensor a");
            assertRefused(rwkv4().tensor("b", new float[64], 64).info("a", 2, 0, 32, length).build(), "tensor a");
        }
        assertRefused(rwkv4().tensor("b", new float[64], 64).info("a", 0, 32, 4).build(),
                "tensor a: expected data of its own, found that it begins at", "within tensor b[64]");
    }

    @Test
    void otherModelsShouldBeRefused() {
        assertRefused(new GgufBuilder().architecture("llama").build(),
                "expected for general.architecture an RWKV version, such as rwkv7, found llama");
        assertRefused(new GgufBuilder().build(), "expected metadata general.architecture, found none");
        assertRefused(rwkv4().key("split.count", GgufBuilder.U16, bytes(2, b -> b.putShort((short) 3))).build(),
                "expected a whole model, found one of 3 parts");
    }

    @Test
    void aLongFileOfManyTensorsShouldBeReadThroughItsWindow() {
        GgufBuilder builder = rwkv4();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            texts.add("token " + i);
        }
        builder.key("texts", GgufBuilder.ARRAY, texts(texts.toArray(String[]::new)));
        for (int i = 0; i < 5000; i++) {
            builder.tensor("tensor.with.a.name." + i, new float[]{i}, 1);
        }
        TensorFile file = open(builder);
        for (int i = 0; i < 5000; i++) {
            assertEquals(i, file.tensor("tensor.with.a.name." + i).toFloats()[0]);
        }
        assertEquals(5000, file.names().size());
        assertRefused(join(Arrays.copyOf(builder.build(), 300_000)), "expected");
    }
}
