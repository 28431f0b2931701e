package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.cli.MainTest.Result;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

class BenchCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static Result bench(String... more) {
        return MainTest.run(Stream
                .concat(Stream.of("bench", "--engine", "nd4j", "--rounds", "1", "--prompt", "8", "--tokens", "2"),
                        Stream.of(more))
                .toArray(String[]::new));
    }

    @Test
    void benchShouldGiveItsFiguresAsJson() throws IOException {
        Result result = bench("--json");
        assertEquals(0, result.exitCode(), result.err());
        JsonNode figures = JSON.readTree(result.out());
        assertEquals("nd4j", figures.get("engine").asText());
        for (String name : List.of("decode_tokens_per_second", "prefill_tokens_per_second", "bytes_per_token",
                "memory_bytes_per_second", "share_of_memory_speed", "load_seconds")) {
            assertTrue(figures.get(name).asDouble() > 0, name + " in " + result.out());
        }
        if (Files.exists(Path.of("/proc/self/status"))) {
            assertTrue(figures.get("peak_memory_bytes").asLong() > 50_000_000, result.out());
        }
        assertFalse(figures.has("batch") || figures.has("state_bytes"), result.out());
    }

    @Test
    void benchShouldGiveASpeedForEachSizeOfBatch() throws IOException {
        Result result = bench("--batch", "3,1", "--json");
        assertEquals(0, result.exitCode(), result.err());
        JsonNode figures = JSON.readTree(result.out());
        JsonNode batch = figures.get("batch");
        assertEquals(2, batch.size(), result.out());
        assertEquals(3, batch.get(0).get("sequences").asInt(), result.out());
        assertEquals(1, batch.get(1).get("sequences").asInt(), result.out());
        double three = batch.get(0).get("tokens_per_second").asDouble();
        double one = batch.get(1).get("tokens_per_second").asDouble();
        assertTrue(three > 0 && one > 0, result.out());
        assertEquals(three / one, batch.get(0).get("ratio").asDouble(), 0.01, result.out());
        assertEquals(1, batch.get(1).get("ratio").asDouble(), result.out());
        try (RwkvModel model = Rwkv.open(DemoModel.checkpoint(), RwkvOptions.builder().engine("nd4j").build())) {
            assertEquals(model.newState().byteSize(), figures.get("state_bytes").asLong());
        }
    }

    @Test
    void benchShouldCompareWithOneSequenceAskedForOrNot() {
        Result result = bench("--batch", "2");
        assertEquals(0, result.exitCode(), result.err());
        List<String> batches = result.out().lines().filter(line -> line.startsWith("batch")).toList();
        assertEquals(1, batches.size(), result.out());
        assertTrue(batches.get(0).matches("batch of 2 +[0-9.]+ tokens/s, ratio [0-9.]+"), result.out());
        assertTrue(result.out().matches("(?s).*\nstate bytes +[1-9][0-9]*\n.*"), result.out());
    }

    @Test
    void everySequenceShouldReadEveryTokenOfARound() throws IOException {
        int[] tokens = {5, 6, 7};
        try (RwkvModel model = Rwkv.open(DemoModel.checkpoint(), RwkvOptions.builder().engine("nd4j").build())) {
            List<Integer> measured = new ArrayList<>();
            BatchSpeed speed = new BatchSpeed(model, new int[]{2}, tokens, 4, 2, () -> measured.add(1));
            speed.measure(0);
            speed.measure(1);
            assertEquals(4, measured.size()); // one sequence and two, twice
            // The last to be measured in the second round was two sequences or one; the second only reads with two.
            for (int s = 0; s < 2; s++) {
                RwkvState alone = model.newState();
                float[] logits = null;
                for (int i = 0; i < 4; i++) {
                    logits = model.logits(new int[]{tokens[(i + s) % 3]}, alone);
                }
                assertArrayEquals(logits, speed.logits(s), 1e-3f, "sequence " + s);
            }
        }
    }

    @Test
    void sizesOfBatchesThatMeanNothingShouldBeRefusedByName() {
        for (Map.Entry<String, String> wrong : Map.of("0", "at least 1 sequence, found 0", "-4", "found -4", "8,x",
                "'x'",
                "8,,2", "''", "1.5", "'1.5'", "4,2,4", "found 4 twice", "99999999999", "'99999999999'", "2000000000",
                "found 2000000000, whose states and logits need").entrySet()) {
            Result result = bench("--batch", wrong.getKey());
            assertEquals(2, result.exitCode(), wrong.getKey() + ": " + result.err());
            assertEquals(1, result.err().lines().count(), result.err());
            assertTrue(result.err().startsWith("rwkv: ") && result.err().contains("--batch"), result.err());
            assertTrue(result.err().contains(wrong.getValue()), result.err());
            assertEquals("", result.out());
        }
        assertEquals(2, bench("--batch").exitCode());
    }

    @Test
    void aTerminalShouldSeeHowFarItIs() {
        String before = System.getProperty("rwkv.terminal");
        System.setProperty("rwkv.terminal", "true");
        try {
            Result result = bench("--batch", "2");
            List<String> shown = Stream.of(result.err().split("\r")).filter(s -> s.startsWith("measuring")).toList();
            assertTrue(shown.size() > 1, result.err());
            assertTrue(shown.get(shown.size() - 1).startsWith("measuring [####################] 100 %, "),
                    result.err());
            assertFalse(result.out().contains("measuring"), result.out());
            assertTrue(result.err().endsWith("\r"), result.err());
        } finally {
            if (before == null) {
                System.clearProperty("rwkv.terminal");
            } else {
                System.setProperty("rwkv.terminal", before);
            }
        }
    }
}
