package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Prompts of RWKV-7 G1, character by character, against reference files. */
class GoldenPromptTest {
    private Map<?, ?> golden;

    @BeforeEach
    void read() throws IOException {
        Path file = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference/prompts/g1.json");
        Assumptions.assumeTrue(Files.isRegularFile(file), file + " is missing; skipped");
        golden = (Map<?, ?>) Json.parse(Files.readString(file));
    }

    @Test
    void textsShouldBeCleanedAsInTheReference() {
        List<?> texts = (List<?>) golden.get("clean");
        for (Object each : texts) {
            Map<?, ?> text = (Map<?, ?>) each;
            assertEquals(text.get("cleaned"), PromptTemplate.G1.clean((String) text.get("text")),
                    () -> "of " + quote(text.get("text")));
        }
        assertEquals(20, texts.size());
    }

    @Test
    void promptsShouldBeThoseOfTheReference() {
        List<?> cases = (List<?>) golden.get("cases");
        for (Object each : cases) {
            Map<?, ?> one = (Map<?, ?>) each;
            assertEquals(one.get("prompt"), PromptJson.prompt(PromptTemplate.G1, quote(one)),
                    () -> "" + one.get("name"));
        }
        assertEquals(32, cases.size());
    }

    /** A value as JSON. */
    private static String quote(Object value) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(text)) {
            write(out, value);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return text.toString();
    }

    private static void write(JsonGenerator out, Object value) throws IOException {
        if (value instanceof Map<?, ?> members) {
            out.writeStartObject();
            for (Map.Entry<?, ?> member : members.entrySet()) {
                out.writeFieldName((String) member.getKey());
                write(out, member.getValue());
            }
            out.writeEndObject();
        } else if (value instanceof List<?> elements) {
            out.writeStartArray();
            for (Object element : elements) {
                write(out, element);
            }
            out.writeEndArray();
        } else {
            out.writeString((String) value);
        }
    }
}
