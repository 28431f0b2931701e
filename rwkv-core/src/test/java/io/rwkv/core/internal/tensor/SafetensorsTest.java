package io.rwkv.core.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

class SafetensorsTest {
    @TempDir
    Path folder;

    private Path file(String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        return Files.write(folder.resolve("x.safetensors"), bytes.array());
    }

    @Test
    void whatIsWrittenShouldBeReadBack() throws IOException {
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter().metadata("who", "\"me\" é").integers("ids", new int[]{1, -2, 3})
                .floats("x", new long[]{2, 2}, new float[]{1, 2}, new float[]{Float.NaN, -0f})
                .floats("empty", new long[]{0}).write(path);
        TensorFile file = SafetensorsReader.open(path);
        assertEquals(List.of("ids", "x", "empty"), List.copyOf(file.names()));
        assertEquals("\"me\" é", file.metadata().get("who"));
        assertArrayEquals(new float[]{1, -2, 3}, file.tensor("ids").toFloats());
        assertArrayEquals(new float[]{1, 2, Float.NaN, -0f}, file.tensor("x").toFloats());
        assertArrayEquals(new long[]{2, 2}, file.tensor("x").shape());
        assertEquals(0, file.tensor("empty").elementCount());
    }

    @Test
    void shapesThatDoNotFitTheDataShouldNotBeWritten() {
        assertThrows(IllegalArgumentException.class,
                () -> new SafetensorsWriter().floats("x", new long[]{3}, new float[]{1, 2}));
    }

    @Test
    void namesThatCouldNotBeReadBackShouldNotBeWritten() throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("k", "1").integers("a", new int[1]);
        for (Runnable twice : List.<Runnable>of(() -> writer.integers("a", new int[1]),
                () -> writer.floats("a", new long[]{1}, new float[1]), () -> writer.metadata("k", "2"),
                () -> writer.integers("__metadata__", new int[1]),
                () -> writer.floats("negative", new long[]{-1, -1}, new float[1]))) {
            assertThrows(IllegalArgumentException.class, twice::run);
        }
        Path path = folder.resolve("once");
        writer.write(path);
        TensorFile file = SafetensorsReader.open(path);
        assertEquals(List.of("a"), List.copyOf(file.names()));
        assertEquals("1", file.metadata().get("k"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}| malformed",
            "[]| expected START_OBJECT",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} x| malformed",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}}| within the 8 bytes",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}| within the 8 bytes",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}| expected 4 bytes",
            "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}| expected 4 bytes",
            "{\"a\":{\"dtype\":\"F12\",\"shape\":[2],\"data_offsets\":[0,8]}}| found F12",
            "{\"a\":{\"dtype\":\"Q8_0\",\"shape\":[32],\"data_offsets\":[0,34]}}| found Q8_0",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}| none negative",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}| tensor a",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}| malformed",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}| two data_offsets",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}| belong to no tensor",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}| start at 0",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}| start at 8",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}| malformed",
            "{\"__metadata__\":{\"a\":1}}| VALUE_STRING"})
    void malformedHeadersShouldBeRefused(String header, String message) throws IOException {
        Path path = file(header, 8);
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> SafetensorsReader.open(path));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertTrue(e.getMessage().startsWith(path.toString()), e.getMessage());
    }

    @Test
    void headerLengthsThatLieShouldBeRefused() throws IOException {
        Path path = folder.resolve("x");
        for (long length : new long[]{Long.MAX_VALUE, -1, 0, 17, 1L << 40}) {
            Files.write(path, ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
            assertThrows(RwkvFormatException.class, () -> SafetensorsReader.open(path), "length " + length);
        }
        Files.write(path, new byte[7]);
        assertThrows(RwkvFormatException.class, () -> SafetensorsReader.open(path));
    }

    @Test
    void corruptedFilesShouldOnlyEverBeRefused() throws IOException {
        Path good = folder.resolve("good");
        new SafetensorsWriter().metadata("k", "v").floats("weight", new long[]{2, 3}, new float[6])
                .integers("tokens", new int[]{1, 2, 3}).write(good);
        byte[] original = Files.readAllBytes(good);
        Path path = folder.resolve("bad");
        Random random = new Random(17);
        int refused = 0;
        for (int round = 0; round < 5000; round++) {
            byte[] bytes = java.util.Arrays.copyOf(original,
                    random.nextInt(4) == 0 ? random.nextInt(original.length) : original.length);
            for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Files.write(path, bytes);
            try {
                TensorFile file = SafetensorsReader.open(path);
                file.names().forEach(n -> file.tensor(n).toFloats());
            } catch (RwkvFormatException e) {
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("round " + round, e);
            }
        }
        assertTrue(refused > 2000, refused + " refused");
    }
}
