package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.tensor.SafetensorsWriter;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.io.IOException;
import java.nio.file.Path;

class TunedStateTest {
    @TempDir
    Path folder;

    /** Element [h][i][j] of layer l is l·1000 + h·100 + i·10 + j, for 3 heads of 8. */
    private Path file(int layers, long[] shape) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        for (int layer = 0; layer < layers; layer++) {
            float[] values = new float[3 * 8 * 8];
            for (int i = 0; i < values.length; i++) {
                values[i] = layer * 1000 + i / 64 * 100 + i / 8 % 8 * 10 + i % 8;
            }
            writer.floats("blocks." + layer + ".att.time_state", shape, values);
        }
        Path path = folder.resolve("tuned.safetensors");
        writer.write(path);
        return path;
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "V4")
    void shouldStartFromTheTunedMatrices(RwkvVersion version) throws IOException {
        Path path = file(2, new long[]{3, 8, 8});
        try (RwkvModel model = Golden.of(version).model()) {
            RwkvState state = model.newState(path);
            float[] kv = state.read(1, "att_kv");
            boolean asIs = version == RwkvVersion.V7 || version == RwkvVersion.V7A;
            assertEquals(asIs ? 1225 : 1252, kv[2 * 64 + 2 * 8 + 5]);
            assertEquals(asIs ? 1070 : 1007, kv[7 * 8]);
            assertArrayEquals(new float[24], state.read(0, "att_xx"));
            assertArrayEquals(new float[24], state.read(1, "ffn_xx"));
            model.logits(new int[]{1, 2}, state);
        }
    }

    @Test
    void filesOfOtherModelsShouldBeRefused() throws IOException {
        try (RwkvModel model = Golden.of(RwkvVersion.V6).model();
                RwkvModel old = Golden.of(RwkvVersion.V4).model()) {
            Path fewer = file(1, new long[]{3, 8, 8});
            assertTrue(assertThrows(RwkvFormatException.class, () -> model.newState(fewer)).getMessage()
                    .contains("blocks.1.att.time_state"));
            Path more = file(3, new long[]{3, 8, 8});
            assertTrue(assertThrows(RwkvFormatException.class, () -> model.newState(more)).getMessage()
                    .contains("2 layers"));
            Path other = file(2, new long[]{6, 4, 8});
            assertTrue(assertThrows(RwkvFormatException.class, () -> model.newState(other)).getMessage()
                    .contains("[6, 4, 8]"));
            assertThrows(IllegalArgumentException.class, () -> old.newState(more));
        }
    }
}
