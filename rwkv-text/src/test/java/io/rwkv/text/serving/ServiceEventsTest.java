package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** What a service tells the flight recorder. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceEventsTest extends ServiceFixture {
    @TempDir
    Path folder;

    @Test
    void stepsShouldBeRecorded() throws IOException {
        Path file = folder.resolve("steps.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("io.rwkv.ServiceStep");
            recording.start();
            runFour();
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> steps = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("io.rwkv.ServiceStep"))
                .sorted(Comparator.comparing(RecordedEvent::getStartTime)).toList();
        List<String> found = new ArrayList<>();
        for (RecordedEvent step : steps) {
            found.add(step.getInt("sequences") + " " + step.getInt("rows") + " " + step.getInt("promptRows") + " "
                    + step.getInt("generated") + " " + step.getInt("running") + " " + step.getInt("queued"));
            assertTrue(step.getDuration().toNanos() > 0);
            assertEquals(List.of("RWKV"), step.getEventType().getCategoryNames());
        }
        assertEquals(List.of("1 5 5 1 1 3", // the first prompt, and its first token
                "2 5 4 1 2 2", // beside its second, four tokens of the second prompt
                "2 3 2 2 1 2", // the rest, and the only token after it
                "2 2 1 2 0 1", // the third prompt beside the last token that is read
                "1 1 1 1 0 0"), found);
    }

    private static void runFour() {
        Gate gate = new Gate(MODEL);
        try (GenerationService service = service(gate, sequences(2).promptRowsAlone(8).promptRows(4)); gate) {
            List<Submission> all = new ArrayList<>();
            all.add(service.submit(ServiceRequest.of(letters("x".repeat(5), 4))));
            gate.await(1);
            all.add(service.submit(ServiceRequest.of(letters("y".repeat(6), 1))));
            all.add(service.submit(ServiceRequest.of(letters("z", 1))));
            all.add(service.submit(ServiceRequest.of(letters("z", 1))));
            gate.open();
            all.forEach(Submission::join);
        }
    }

    @Test
    void aRuntimeWithoutTheModuleShouldDo() throws IOException, InterruptedException {
        String others = ModuleFinder.ofSystem().findAll().stream().map(ModuleReference::descriptor)
                .filter(m -> !m.name().equals("jdk.jfr"))
                .filter(m -> m.requires().stream().noneMatch(r -> r.name().equals("jdk.jfr"))).map(m -> m.name())
                .collect(Collectors.joining(","));
        Path output = folder.resolve("child.log");
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--limit-modules", others, "-cp", System.getProperty("java.class.path"),
                ServiceEventsTest.class.getName() + "$Without").redirectErrorStream(true)
                .redirectOutput(output.toFile()).start();
        try {
            assertTrue(child.waitFor(50, TimeUnit.SECONDS), "the other process hangs");
        } finally {
            child.destroyForcibly();
        }
        assertEquals(0, child.exitValue(), Files.readString(output));
        assertTrue(Files.readString(output).contains("aaa without jdk.jfr"), Files.readString(output));
    }

    /** A service in a JVM of its own that has no module {@code jdk.jfr}. */
    static final class Without {
        private Without() {
        }

        public static void main(String[] args) {
            if (ModuleLayer.boot().findModule("jdk.jfr").isPresent()) {
                throw new AssertionError("jdk.jfr is there");
            }
            try (GenerationService service = service(MODEL::forward, sequences(2))) {
                System.out.println(service.submit(ServiceRequest.of(letters("x", 3))).join().text()
                        + " without jdk.jfr");
            }
        }
    }
}
