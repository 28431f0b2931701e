package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.Test;

/** The build runs this with two versions: the one that it brings and the oldest that the library works with. */
class JacksonVersionTest {
    @Test
    void shouldBeTheOneThatTheBuildMeans() {
        String expected = System.getProperty("rwkv.jackson", new JsonFactory().version().toString());
        assertEquals(expected, new JsonFactory().version().toString());
        assertEquals(expected, new ObjectMapper().version().toString());
    }
}
