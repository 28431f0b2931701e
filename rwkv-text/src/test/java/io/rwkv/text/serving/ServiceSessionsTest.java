package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.serving.Session.End;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;

/**
 * Many sessions at once, which come, end and break off at random, each against the same one alone. With the system property
 * {@code rwkv.soak.seconds}, again and again for that long, with the memory it takes; {@code rwkv.soak.round} begins with another
 * round than 0, to repeat one.
 */
class ServiceSessionsTest {
    private static final int SESSIONS = 200;
    private static final IllegalStateException ENOUGH = new IllegalStateException("enough");

    /** A session on its way. */
    private record Run(Session session, Submission submission, StringBuffer heard) {}

    @Test
    @Timeout(4000)
    void eachSessionShouldGoAsAlone() throws IOException, InterruptedException {
        long end = System.nanoTime() + Long.getLong("rwkv.soak.seconds", 0) * 1_000_000_000;
        Tokenizer tokenizer = TinyModel.tokenizer("ab\n", "c\nd", "éa", "gh");
        int first = Integer.getInteger("rwkv.soak.round", 0);
        int round = first;
        try (RwkvModel model = TinyModel.open()) {
            do {
                Random random = new Random(round);
                List<Session> sessions = new ArrayList<>();
                for (int i = 0; i < SESSIONS; i++) {
                    sessions.add(new Session(model, tokenizer, random, 257));
                }
                run(model, sessions, random, "round " + round);
                if (end > System.nanoTime() || round > first) {
                    System.gc();
                    Runtime runtime = Runtime.getRuntime();
                    System.out.println("round " + round + ": heap " + (runtime.totalMemory() - runtime.freeMemory())
                            / 1024 + " kB, " + residentSet() + ", threads " + Thread.activeCount());
                }
                round++;
            } while (end > System.nanoTime());
        }
    }

    private static String residentSet() throws IOException {
        Path status = Path.of("/proc/self/status");
        return Files.isReadable(status)
                ? Files.readAllLines(status).stream().filter(line -> line.startsWith("VmRSS")).findFirst().orElse("")
                : "";
    }

    private static void run(RwkvModel model, List<Session> sessions, Random random, String what)
            throws InterruptedException {
        ServiceOptions options = ServiceOptions.builder().maxSequences(1 + random.nextInt(40)).promptRows(16)
                .promptRowsAlone(64).backlog(4).prefixCacheBytes(random.nextBoolean() ? 1 << 17 : 0).build();
        int cancelled = 0;
        int whole = 0;
        try (GenerationService service = new GenerationService(model, options)) {
            List<Run> runs = new ArrayList<>();
            for (Session session : sessions) {
                runs.add(start(service, session));
                if (random.nextInt(8) == 0) {
                    LockSupport.parkNanos(2_000_000);
                }
                if (random.nextInt(3) == 0) {
                    cancelSome(runs, random);
                }
            }
            for (Run run : runs) {
                if (run.session.end == End.CANCEL && random.nextInt(3) > 0) {
                    run.submission.cancel(true);
                }
            }
            for (int i = 0; i < runs.size(); i++) {
                Reason reason = check(runs.get(i), what + ", session " + i + " " + runs.get(i).session.end);
                cancelled += reason == Reason.CANCELLED ? 1 : 0;
                whole += reason != null && reason != Reason.CANCELLED && reason != Reason.DEADLINE ? 1 : 0;
            }
            service.shutdown();
            assertTrue(service.awaitTermination(Duration.ofSeconds(60)));
            ServiceStatistics end = service.statistics();
            assertEquals(SESSIONS, end.completed() + end.cancelled() + end.expired() + end.failed());
            assertEquals(0, end.running() + end.queued());
            assertEquals(cancelled, end.cancelled());
        }
        assertTrue(whole > SESSIONS / 2 && cancelled > 5,
                whole + " ended by themselves, " + cancelled + " were cancelled");
    }

    private static Run start(GenerationService service, Session session) {
        StringBuffer heard = new StringBuffer();
        Submission submission = service.submit(session.request, piece -> {
            if (session.slow) {
                LockSupport.parkNanos(3_000_000);
            }
            heard.append(piece);
            if (session.end == End.THROW && heard.length() > session.at) {
                throw ENOUGH;
            }
        });
        return new Run(session, submission, heard);
    }

    private static void cancelSome(List<Run> runs, Random random) {
        Run run = runs.get(random.nextInt(runs.size()));
        if (run.session.end == End.CANCEL) {
            run.submission.cancel(false);
        }
    }

    /** Why it ended; null if by its callback's exception. */
    private static Reason check(Run run, String what) {
        Session session = run.session;
        String text = run.submission.text();
        Generation result = null;
        Reason reason = Reason.CANCELLED;
        try {
            result = run.submission.join();
            text = run.submission.text();
            assertEquals(text, result.text(), what);
            reason = result.reason();
        } catch (CancellationException e) {
            assertEquals(End.CANCEL, session.end, what);
            text = run.submission.text();
        } catch (CompletionException e) {
            assertSame(ENOUGH, e.getCause(), what);
            assertEquals(End.THROW, session.end, what);
            reason = null;
            text = run.submission.text();
        }
        if (reason == null) {
            assertTrue(text.startsWith(run.heard.toString()), what);
        } else {
            assertEquals(text, run.heard.toString(), what);
        }
        if (reason == null || reason == Reason.CANCELLED || reason == Reason.DEADLINE) {
            // It may have ended by itself just before, and then within a character.
            assertTrue(session.whole.startsWith(text) || text.equals(session.expected),
                    what + ": " + text + " of " + session.whole);
        } else {
            assertEquals(session.expected, text, what);
        }
        assertTrue(session.stateEndsWith(text, result), what + ": the state is elsewhere");
        return reason;
    }
}
