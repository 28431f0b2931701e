package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

class ProgressTest {
    private final PrintStream before = System.err;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long now = 5_000_000_000L;

    @BeforeEach
    void capture() {
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void giveBack() {
        System.setErr(before);
    }

    private Progress progress(String unit, boolean terminal) {
        return new Progress("reading", unit, terminal, () -> now);
    }

    /** What has been printed since the last time. */
    private String shown() {
        String text = bytes.toString(StandardCharsets.UTF_8);
        bytes.reset();
        return text;
    }

    private void after(double seconds) {
        now += Math.round(seconds * 1e9);
    }

    @Test
    void shareRateAndTimeLeftShouldBeShownAfterASecond() {
        Progress progress = progress("tokens", true);
        after(0.9);
        progress.report(100, 1000);
        assertEquals("", shown());
        after(1.1);
        progress.report(250, 1000);
        assertEquals("\rreading [#####               ] 25 %, 125 tokens/s, 0:06 left", shown());
        after(0.05);
        progress.report(260, 1000);
        assertEquals("", shown(), "too soon to be drawn again");
        after(2);
        progress.report(1000, 1000);
        String last = shown();
        assertTrue(last.startsWith("\rreading [####################] 100 %, 247 tokens/s, 0:00 left"), last);
        progress.close();
        String line = "reading [####################] 100 %, 247 tokens/s, 0:00 left";
        assertEquals("\r" + " ".repeat(line.length()) + "\r", shown());
        after(5);
        progress.report(1000, 1000);
        progress.close();
        assertEquals("", shown(), "closed");
    }

    @Test
    void aShorterLineShouldCoverTheLongerOneBefore() {
        Progress progress = progress("texts", true);
        after(2);
        progress.report(1, 10_000);
        assertEquals("\rreading [                    ] 0 %, 0.50 texts/s, 5:33:18 left", shown());
        after(2);
        progress.report(5000, 10_000);
        assertEquals("\rreading [##########          ] 50 %, 1250 texts/s, 0:04 left  ", shown());
    }

    @Test
    void bytesShouldBeInUnitsThatCanBeRead() {
        Progress progress = progress(null, true);
        after(2);
        progress.report(64_000_000, 256_000_000);
        assertEquals("\rreading [#####               ] 25 %, 32.0 MB/s, 0:06 left", shown());
        after(2);
        progress.report(14_000_000_000L, 28_000_000_000L);
        assertEquals("\rreading [##########          ] 50 %, 3.50 GB/s, 0:04 left", shown());
    }

    @Test
    void whatHasNoKnownEndShouldShowItsRateOnly() {
        Progress progress = progress("texts", true);
        after(4);
        progress.report(10, Progress.UNKNOWN);
        assertEquals("\rreading 10 texts, 2.5 texts/s, 0:04", shown());
    }

    @Test
    void aLineOfResultsShouldStandAlone() {
        Progress progress = progress("texts", true);
        progress.clear();
        assertEquals("", shown());
        after(2);
        progress.report(1, 2);
        String line = shown().substring(1);
        progress.clear();
        assertEquals("\r" + " ".repeat(line.length()) + "\r", shown());
        progress.clear();
        assertEquals("", shown());
        after(1);
        progress.report(1, 2);
        assertTrue(shown().startsWith("\rreading ["));
    }

    @Test
    void aPipeShouldStaySilent() {
        Progress progress = progress("tokens", false);
        after(100);
        progress.report(5, 10);
        progress.clear();
        progress.close();
        assertEquals("", shown());
    }

    /** No report comes while the model computes one long call. */
    @Test
    @Timeout(60)
    void theLineShouldComeWithoutAReport() throws InterruptedException {
        String property = System.getProperty("rwkv.terminal");
        System.setProperty("rwkv.terminal", "true");
        try (Progress progress = Progress.of("reading", "tokens")) {
            String text = "";
            while (text.isEmpty()) {
                Thread.sleep(20);
                text = shown();
            }
            assertTrue(text.startsWith("\rreading, 0:0"), text);
            progress.report(0, 1);
        } finally {
            if (property == null) {
                System.clearProperty("rwkv.terminal");
            } else {
                System.setProperty("rwkv.terminal", property);
            }
        }
    }
}
