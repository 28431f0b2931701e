package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Files as people have met them, whose containers are unusual and whose weights are those of a base model. */
class FieldContainersTest {
    private static final int[] TOKENS = {1, 72, 101, 108, 108, 111};

    private static Path field(String name) {
        return Shared.reference().resolve("field").resolve(name);
    }

    private static float[] logits(Path path) throws IOException {
        try (RwkvModel model = Rwkv.open(path)) {
            return model.logits(TOKENS, model.newState());
        }
    }

    private static void assertSameTensors(TensorFile expected, TensorFile found) {
        List<String> names = new ArrayList<>(found.names());
        names.removeAll(found.unread().keySet());
        assertEquals(List.copyOf(expected.names()), names);
        for (String name : names) {
            assertEquals(expected.tensor(name).dtype(), found.tensor(name).dtype(), name);
            assertArrayEquals(expected.tensor(name).shape(), found.tensor(name).shape(), name);
            assertArrayEquals(expected.tensor(name).toFloats(), found.tensor(name).toFloats(), name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F9-metadata-null.safetensors", "F9-extra-field.safetensors", "F9-unused-u16.safetensors",
            "F10-parameter-with-state.pth", "F10-from-type-v2.pth"})
    void shouldReadTheSameAsFromTheBase(String name) throws IOException {
        assertSameTensors(Checkpoints.open(field("base-rwkv7.safetensors")), Checkpoints.open(field(name)));
        assertArrayEquals(logits(field("base-rwkv7.safetensors")), logits(field(name)));
    }

    @Test
    void shouldListATensorOfATypeThatIsNotReadAndRefuseItOnlyWhenAskedForIt() throws IOException {
        TensorFile file = Checkpoints.open(field("F9-unused-u16.safetensors"));
        assertTrue(file.names().contains("unused"));
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> file.tensor("unused"));
        assertEquals("unused", e.tensor());
        assertTrue(e.getMessage().endsWith("found U16"), e.getMessage());
    }
}
