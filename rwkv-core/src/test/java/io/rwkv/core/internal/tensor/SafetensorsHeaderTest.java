package io.rwkv.core.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Headers that the format's own implementation takes and that it refuses: each was tried with the Python package safetensors
 * 0.8.0, {@code safetensors.deserialize}. In the cases, {@code E} stands for the entry of a tensor {@code a} in four bytes, and
 * {@code F} for its fields.
 */
class SafetensorsHeaderTest {
    private static final String FIELDS = "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]";

    @TempDir
    Path folder;

    private TensorFile open(byte[] header, int dataBytes) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        for (int i = 0; i < dataBytes; i++) {
            bytes.put((byte) i);
        }
        try {
            Path path = folder.resolve("x.safetensors");
            Files.deleteIfExists(path); // it may be mapped
            return SafetensorsReader.open(Files.write(path, bytes.array()));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private TensorFile open(String header, int dataBytes) {
        return open(filled(header).getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    private static String filled(String header) {
        return header.replace("E", "\"a\":{F}").replace("F}", FIELDS + "}").replace("F,", FIELDS + ",");
    }

    private void assertRefused(byte[] header, int dataBytes, String message) {
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> open(header, dataBytes));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{E}", "{\"__metadata__\":null,E}", "{E,\"__metadata__\":null}", "{\"a\":{F,\"x\":1}}",
            "{\"a\":{\"x\":{\"y\":[1,{\"z\":null}]},F}}", "{\"a\":{F,\"x\":1,\"x\":2}}", "{\"a\":{F,\"x\":\"F16\"}}",
            " {E}", "{E}\n\t\r ", "{ \n\"a\" :\t{ F}\r}", "{\"\\u0061\":{F}}",
            "{\"a\":{\"\\u0064type\":\"F32\",\"data_offsets\":[0,4],\"shape\":[1]}}",
            "{\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]},E}",
            "{\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},E}",
            "{\"e\":{\"dtype\":\"I64\",\"shape\":[0,9223372036854775807,4],\"data_offsets\":[0,0]},E}"})
    void shouldTakeWhatTheReferenceTakes(String header) {
        TensorFile file = open(header, 4);
        assertTrue(file.contains("a"));
        assertArrayEquals(new float[]{Float.intBitsToFloat(0x03020100)}, file.tensor("a").toFloats());
        assertEquals(Map.of(), file.metadata());
    }

    @Test
    void shouldTakeNamesAndValuesOfAnyKind() {
        String bird = "\\ud83d\\udc26";
        TensorFile file = open("{\"__metadata__\":{\"\":\"" + bird + "\",\"long\":\"" + "x".repeat(2 << 20) + "\"},\""
                + bird + "\":{F}}", 4);
        assertEquals("\ud83d\udc26", file.metadata().get(""));
        assertEquals(2 << 20, file.metadata().get("long").length());
        assertEquals(List.of("\ud83d\udc26"), List.copyOf(file.names()));
        assertEquals(List.of("", "a\0"),
                List.copyOf(open("{\"\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},"
                        + "\"a\\u0000\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[1,4]}}", 4).names()));
        String name = "x".repeat(20_000);
        assertTrue(open("{\"" + name + "\":{F}}", 4).contains(name));
        assertEquals(33, open("{\"a\":{\"dtype\":\"F32\",\"shape\":[1" + ",1".repeat(32) + "],\"data_offsets\":[0,4]}}",
                4).tensor("a").shape().length);
        assertEquals(List.of(), List.copyOf(open("{}", 0).names()));
        assertEquals(List.of("a"),
                List.copyOf(open("{\"a\":{F,\"x\":" + "[".repeat(100) + "]".repeat(100) + "}}", 4).names()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
            "{\"__metadata__\":{\"a\":null},E}| VALUE_STRING", "{\"__metadata__\":{\"a\":{\"b\":1}},E}| VALUE_STRING",
            "{\"__metadata__\":[],E}| START_OBJECT", "{\"__metadata__\":\"\",E}| START_OBJECT",
            "{\"__metadata__\":null,\"__metadata__\":{},E}| expected each name once, found __metadata__ again",
            "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"},E}| expected each name once, found __metadata__.k again",
            "{E,E}| expected each name once, found a again", "{E,\"\\u0061\":{F}}| found a again",
            "{\"a\":{F,\"shape\":[1]}}| found a.shape again", "{\"a\":[\"F32\",[1],[0,4]]}| START_OBJECT",
            "{\"a\":null}| START_OBJECT", "{\"a\":{\"dtype\":null,\"shape\":[1],\"data_offsets\":[0,4]}}| VALUE_STRING",
            "{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}| found f32",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":null,\"data_offsets\":[0,4]}}| START_ARRAY",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}| VALUE_NUMBER_INT",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}| VALUE_NUMBER_INT",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}| VALUE_NUMBER_INT",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}| malformed",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}| at most 2 numbers",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-1,4]}}| none negative",
            "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}| expected dtype, shape",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,4,0],\"data_offsets\":[0,0]}}| tensor a",
            "{\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[2,2]},E}| start at", "{E}x| malformed",
            "{E,}| malformed", "{/**/E}| malformed", "[E]| START_OBJECT", "\ufeff{E}| malformed",
            "{\"a\\ud83d\":{F}}| malformed", "{\"\\udc26\\ud83d\":{F}}| malformed",
            "{\"__metadata__\":{\"a\":\"\\ud83dx\"},E}| malformed", "{\"a\1\":{F}}| malformed",
            "{\"a\":{F,\"x\":NaN}}| malformed", "{\"a\":{F,\"x\":[}}| malformed", "{}| belong to no tensor"})
    void shouldRefuseWhatTheReferenceRefuses(String header, String message) {
        assertRefused(filled(header).getBytes(StandardCharsets.UTF_8), 4, message);
    }

    @Test
    void shouldRefuseWhatNestsTooDeep() {
        assertRefused(filled("{\"a\":{F,\"x\":" + "[".repeat(200) + "]".repeat(200) + "}}")
                .getBytes(StandardCharsets.UTF_8), 4, "nested 125 deep at most");
    }

    @Test
    void shouldRefuseWhatIsNoUtf8() {
        for (byte[] name : new byte[][]{{(byte) 0xff}, {(byte) 0xc0, (byte) 0xaf},
                {(byte) 0xed, (byte) 0xa0, (byte) 0x80}}) {
            byte[] header = filled("{\"??\":{F}}").getBytes(StandardCharsets.UTF_8);
            System.arraycopy(name, 0, header, 2, name.length);
            assertRefused(header, 4, "expected UTF-8");
        }
        assertRefused(filled("{E}").getBytes(StandardCharsets.UTF_16LE), 4, "malformed");
        assertRefused(filled("{E}\0").getBytes(StandardCharsets.UTF_8), 4, "malformed");
    }

    @Test
    void shouldSayWhereInBytes() {
        String header = filled("{\"\u00e9\ud83d\udc26\u20ac\":{F},E,E}");
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> open(header, 4));
        assertEquals(8 + header.getBytes(StandardCharsets.UTF_8).length - 1, e.offset(), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"U16,16", "U32,32", "U64,64", "C64,64", "F8_E5M2,8", "F8_E4M3,8", "F8_E8M0,8", "F8_E4M3FNUZ,8",
            "F8_E5M2FNUZ,8", "F6_E2M3,6", "F6_E3M2,6", "F4,4"})
    void shouldListTensorsOfTypesThatAreNotRead(String type, int bits) {
        String unread = "\"u\":{\"dtype\":\"" + type + "\",\"shape\":[4,2],\"data_offsets\":[4," + (4 + bits) + "]}";
        byte[] header = (filled("{E,") + unread + "}").getBytes(StandardCharsets.UTF_8);
        TensorFile file = open(header, 4 + bits);
        assertEquals(List.of("a", "u"), List.copyOf(file.names()));
        assertEquals(Map.of("u", type), file.unread());
        assertTrue(file.contains("u"));
        assertEquals(1, file.tensors().size());
        for (Runnable asked : List.<Runnable>of(() -> file.tensor("u"), () -> file.tensor("u", 4, 2))) {
            RwkvFormatException e = assertThrows(RwkvFormatException.class, asked::run);
            assertEquals("u", e.tensor());
            assertTrue(e.getMessage().contains("expected an element type among [F64, F32, F16, BF16, I64")
                    && e.getMessage().endsWith("found " + type), e.getMessage());
        }
    }

    @Test
    void shouldCheckSizesOfTypesThatAreNotRead() {
        String u = "{\"u\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[0,%d]}}";
        for (String type : List.of("U16", "C64", "F8_E8M0")) {
            assertRefused(String.format(u, type, 3, 4).getBytes(StandardCharsets.UTF_8), 4, "tensor u: expected");
        }
        assertRefused(String.format(u, "F4", 3, 2).getBytes(StandardCharsets.UTF_8), 2,
                "expected whole bytes, found 12 bits for F4[3]");
        assertRefused(String.format(u, "U64", "4611686018427387904,4", 0).getBytes(StandardCharsets.UTF_8), 0,
                "expected a size that fits the file");
        assertEquals(List.of("u"),
                List.copyOf(open(String.format(u, "F6_E2M3", "4", 3).getBytes(StandardCharsets.UTF_8), 3).names()));
    }
}
