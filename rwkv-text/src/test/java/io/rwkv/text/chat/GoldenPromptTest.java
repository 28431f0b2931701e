package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
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
                    () -> "of " + Json.write(text.get("text")));
        }
        assertEquals(20, texts.size());
    }

    @Test
    void promptsShouldBeThoseOfTheReference() {
        List<?> cases = (List<?>) golden.get("cases");
        for (Object each : cases) {
            Map<?, ?> one = (Map<?, ?>) each;
            assertEquals(one.get("prompt"), PromptJson.prompt(PromptTemplate.G1, Json.write(one)),
                    () -> "" + one.get("name"));
        }
        assertEquals(32, cases.size());
    }
}
