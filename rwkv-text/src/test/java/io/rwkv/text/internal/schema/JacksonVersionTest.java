package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonFactory;

import org.junit.jupiter.api.Test;

/** The build runs this with two versions: the one that it brings and the oldest that the library works with. */
class JacksonVersionTest {
    @Test
    void shouldBeTheOneThatTheBuildMeans() {
        String found = new JsonFactory().version().toString();
        assertEquals(System.getProperty("rwkv.jackson", found), found);
    }
}
