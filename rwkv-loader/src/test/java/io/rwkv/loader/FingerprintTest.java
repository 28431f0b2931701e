package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.rwkv.core.RwkvModel;

import org.junit.jupiter.api.Test;

import java.io.IOException;

class FingerprintTest {
    private static String of(String name) throws IOException {
        try (RwkvModel model = Rwkv.open(Shared.reference().resolve("models").resolve(name + ".pth"))) {
            return model.fingerprint();
        }
    }

    @Test
    void shouldBeTheSameInAnyContainerLayoutAndExactNumberFormat() throws IOException {
        assertEquals(of("tiny-rwkv-4v0-fp32"), of("tiny-rwkv-4v0-fp32-legacy"));
        assertEquals(of("tiny-rwkv-7v0-fp32"), of("tiny-rwkv-7v0-bf16"));
        assertEquals(of("tiny-rwkv-7v0-fp32"), of("tiny-rwkv-7v0-fp32-strided"));
    }

    @Test
    void shouldDifferBetweenModels() throws IOException {
        assertNotEquals(of("tiny-rwkv-5v2-fp32"), of("tiny-rwkv-7v0-fp32"));
    }
}
