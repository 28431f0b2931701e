package io.rwkv.core.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Files that are cut short while they are mapped. In a JVM of its own, for where the fault comes out depends on what is compiled:
 * it must be where the file is read, as an exception that says what happened, and never later.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "a mapped file cannot be cut short there")
class CutShortTest {
    private static final int ROWS = 512;
    private static final int COLUMNS = 1024;

    @TempDir
    Path folder;

    /** Reads so many rows each way, then cuts the file and reads each way again. */
    public static void main(String[] args) throws IOException {
        Path path = Path.of(args[0]);
        int warm = Integer.parseInt(args[1]);
        MappedFile file = MappedFile.open(path);
        long bytes = file.size();
        float[] row = new float[COLUMNS];
        byte[] raw = new byte[COLUMNS];
        List<MappedTensor> tensors = List.of(
                MappedTensor.contiguous(file, "f32", DType.F32, new long[]{ROWS / 2, COLUMNS}, 0),
                MappedTensor.contiguous(file, "bf16", DType.BF16, new long[]{ROWS, COLUMNS}, 0),
                MappedTensor.contiguous(file, "f16", DType.F16, new long[]{ROWS, COLUMNS}, 0),
                MappedTensor.contiguous(file, "q8", DType.Q8_0, new long[]{ROWS / 2, COLUMNS}, 0),
                MappedTensor.contiguous(file, "apart", DType.BF16, new long[]{ROWS, COLUMNS}, 0).transposed());
        int columns = ROWS / 2;
        for (int i = 0; i < warm; i++) {
            for (MappedTensor tensor : tensors) {
                tensor.read((long) i % 64 * columns, row, 0, columns);
            }
            file.read(i, raw, 0, raw.length);
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(0);
        }
        int told = 0;
        for (int round = 0; round < 20; round++) {
            for (MappedTensor tensor : tensors) {
                try {
                    tensor.read(0, row, 0, columns);
                } catch (RwkvFormatException e) {
                    told += e.tensor().equals(tensor.name()) && e.getMessage().endsWith("expected " + bytes
                            + " bytes, as when it was opened, found 0 bytes: it was cut short while in use") ? 1 : 0;
                }
            }
            try {
                file.read(0, raw, 0, raw.length);
            } catch (RwkvFormatException e) {
                told += e.getMessage().contains("cut short while in use") ? 1 : 0;
            }
            try {
                file.reading(() -> file.slice(0, 8).getLong());
            } catch (RwkvFormatException e) {
                told += e.getMessage().contains("cut short while in use") ? 1 : 0;
            }
        }
        System.out.println(told + " of " + 20 * (tensors.size() + 2) + " told");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "300", "30000"})
    void shouldBeToldWhereverItIsRead(String warm) throws Exception {
        Path path = Files.write(folder.resolve("model"), new byte[2 * ROWS * COLUMNS]);
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), CutShortTest.class.getName(), path.toString(), warm)
                .redirectErrorStream(true).start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, child.waitFor(), output);
        assertTrue(output.endsWith("140 of 140 told" + System.lineSeparator()), output);
    }

    @Test
    void shouldLetOtherErrorsPass() throws IOException {
        MappedFile file = MappedFile.open(Files.write(folder.resolve("x"), new byte[8]));
        InternalError error = new InternalError("another");
        assertEquals(error, assertThrows(InternalError.class, () -> file.reading(() -> {
            throw error;
        })));
        assertFalse(file.isCopy());
    }
}
