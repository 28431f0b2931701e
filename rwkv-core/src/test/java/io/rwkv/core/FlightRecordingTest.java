package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

class FlightRecordingTest {
    @TempDir
    Path folder;

    private List<RecordedEvent> record(String event, Runnable work) throws IOException {
        Path file = folder.resolve("test.jfr");
        try (Recording recording = new Recording()) {
            recording.enable(event);
            recording.start();
            work.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream().filter(e -> e.getEventType().getName().equals(event))
                .toList();
    }

    private static void check(RecordedEvent event, int sequences, long tokens, long headRows, boolean decode,
            boolean completed) {
        assertEquals(sequences, event.getInt("sequences"));
        assertEquals(tokens, event.getLong("tokens"));
        assertEquals(headRows, event.getLong("headRows"));
        assertEquals(decode, event.getBoolean("decode"));
        assertEquals(completed, event.getBoolean("completed"));
        assertTrue(event.getDuration().toNanos() > 0);
        assertEquals(List.of("RWKV"), event.getEventType().getCategoryNames());
        assertEquals("Forward", event.getEventType().getLabel());
    }

    @Test
    void callsShouldBeRecorded() throws IOException {
        try (RwkvModel model = Golden.of(RwkvVersion.V7).model("nd4j")) {
            RwkvState a = model.newState();
            RwkvState b = model.newState();
            int[] one = {3};
            int[] three = {1, 2, 3};
            model.logits(three, a); // before anything is recorded
            List<RecordedEvent> events = record("io.rwkv.Forward", () -> {
                model.logits(three, a);
                model.logits(one, a);
                model.hidden(three, a);
                model.allLogits(three, a);
                model.forward(List.of(Step.of(one, a), Step.of(one, b, Want.LAST_HIDDEN)));
                model.forward(List.of(Step.of(three, a, Want.LOG_PROBABILITIES), Step.of(one, b, Want.NOTHING)));
                model.forward(List.of(Step.of(three, a, Want.LOG_PROBABILITIES).followedBy(1)));
                a.enter().array(0, 0)[0] = Float.NaN;
                a.leave();
                assertThrows(ArithmeticException.class, () -> model.hidden(one, a));
            });
            model.logits(three, b); // after it
            assertEquals(8, events.size());
            check(events.get(0), 1, 3, 1, false, true);
            check(events.get(1), 1, 1, 1, true, true);
            check(events.get(2), 1, 3, 0, false, true);
            check(events.get(3), 1, 3, 3, false, true);
            check(events.get(4), 2, 2, 1, true, true);
            check(events.get(5), 2, 4, 2, false, true);
            check(events.get(6), 1, 3, 3, false, true);
            check(events.get(7), 1, 1, 0, true, false);
        }
    }

    @Test
    void loadingShouldBeRecorded() throws IOException {
        Golden golden = Golden.of(RwkvVersion.V6);
        long[] weightBytes = {0};
        List<RecordedEvent> events = record("io.rwkv.Load", () -> {
            try (RwkvModel model = golden.model("nd4j")) {
                weightBytes[0] = model.weightBytes();
            }
        });
        assertEquals(1, events.size());
        RecordedEvent event = events.get(0);
        assertEquals("nd4j", event.getString("engine"));
        assertEquals(weightBytes[0], event.getLong("weightBytes"));
        assertTrue(event.getString("file").contains("golden"), event.getString("file"));
        assertTrue(event.getDuration().toNanos() > 0);
        assertEquals(List.of("RWKV"), event.getEventType().getCategoryNames());
    }

    @Test
    void aRuntimeWithoutTheModuleShouldDo() {
        String others = ModuleFinder.ofSystem().findAll().stream().map(ModuleReference::descriptor)
                .filter(m -> !m.name().equals("jdk.jfr"))
                .filter(m -> m.requires().stream().noneMatch(r -> r.name().equals("jdk.jfr"))).map(m -> m.name())
                .collect(Collectors.joining(","));
        assertFalse(others.isEmpty());
        ChildJvm.Outcome outcome = new ChildJvm().with("--limit-modules", others).run(WithoutFlightRecorder.class);
        assertEquals(0, outcome.exit(), outcome.output());
        assertTrue(outcome.output().contains("37 logits without jdk.jfr"), outcome.output());
    }
}
