package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The files that src/test/python/make_fixtures.py writes with PyTorch itself, and checks shared by the tests. */
final class Fixtures {
    private Fixtures() {
    }

    static Path path(String name) {
        try {
            return Path.of(Fixtures.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(path(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Opens the bytes as a file of this folder. */
    static TensorFile open(Path folder, byte[] bytes) {
        try {
            Path file = folder.resolve("test.pth");
            // A new file each time: the old one may still be mapped.
            Files.deleteIfExists(file);
            return Checkpoints.open(Files.write(file, bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asserts that opening the bytes is refused with a message that names the file and holds these parts. */
    static RwkvFormatException assertRefused(Path folder, byte[] bytes, String... messageParts) {
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> open(folder, bytes));
        assertTrue(e.getMessage().contains("test.pth"), e.getMessage());
        for (String part : messageParts) {
            assertTrue(e.getMessage().contains(part), () -> "expected \"" + part + "\" in: " + e.getMessage());
        }
        return e;
    }

    /** Asserts that the file holds exactly the tensors that the text file lists, in its order, bit for bit. */
    static void assertHolds(String expectedName, TensorFile file) throws IOException {
        List<String> lines = Files.readAllLines(path(expectedName));
        assertEquals(lines.stream().map(line -> line.split("\t")[0]).toList(), List.copyOf(file.names()));
        for (String line : lines) {
            String[] fields = line.split("\t", -1);
            StoredTensor tensor = file.tensor(fields[0]);
            assertEquals(fields[0], tensor.name());
            assertEquals(fields[1], tensor.dtype().name(), fields[0]);
            assertArrayEquals(longs(fields[2]), tensor.shape(), fields[0]);
            assertArrayEquals(floats(fields[3]), tensor.toFloats(), fields[0]);
        }
    }

    private static long[] longs(String text) {
        return text.isEmpty() ? new long[0] : Arrays.stream(text.split(",")).mapToLong(Long::parseLong).toArray();
    }

    private static float[] floats(String text) {
        String[] words = text.isEmpty() ? new String[0] : text.split(" ");
        float[] values = new float[words.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Double.parseDouble(words[i].replace("inf", "Infinity"));
        }
        return values;
    }
}
