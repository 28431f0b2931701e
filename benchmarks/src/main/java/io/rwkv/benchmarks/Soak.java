package io.rwkv.benchmarks;

import io.rwkv.benchmarks.SoakSession.End;
import io.rwkv.cli.Machine;
import io.rwkv.core.RwkvOptions;
import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceOptions;
import io.rwkv.text.serving.ServiceStatistics;
import io.rwkv.text.serving.Submission;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;

/**
 * Random sessions on one service, round after round, which come, end and break off at random, then all once more as a list; each is
 * compared with the same one alone. After each round, the memory: it should be flat once all has been used. Ends with an exception at the first difference.
 */
public final class Soak {
    private static final IllegalStateException ENOUGH = new IllegalStateException("enough");
    private static final String USAGE = """
            usage: benchmarks/run soak [OPTIONS]
              --seconds N       how long; default 60
              --engine NAME     default simd where there is a JDK 25, else nd4j
              --model FILE      a checkpoint; default the demo model
              --sessions N      in one round; default 200
              --round N         the first round's number, to repeat one; default 0
            """;

    /** A session on its way. */
    private record Run(SoakSession session, Submission submission, StringBuffer heard) {}

    private long seconds = 60;
    private String engine = RwkvOptions.defaults().engine();
    private Path checkpoint;
    private int sessions = 200;
    private int firstRound;
    private final List<Double> resident = new ArrayList<>(); // MB, after each round

    private Soak() {
    }

    /** @param args see the usage */
    public static void main(String[] args) throws IOException, InterruptedException {
        Soak soak = new Soak();
        try {
            soak.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println("soak: " + e.getMessage() + "\n" + USAGE);
            System.exit(2);
        }
        soak.run();
    }

    private void parse(String[] args) {
        for (int i = 0; i < args.length; i += 2) {
            if (i + 1 == args.length) {
                throw new IllegalArgumentException(args[i] + ": expected a value or no such option");
            }
            String value = args[i + 1];
            switch (args[i]) {
                case "--seconds" -> seconds = Long.parseLong(value);
                case "--engine" -> engine = value;
                case "--model" -> checkpoint = Path.of(value);
                case "--sessions" -> sessions = Integer.parseInt(value);
                case "--round" -> firstRound = Integer.parseInt(value);
                default -> throw new IllegalArgumentException("no option " + args[i]);
            }
        }
    }

    private void run() throws IOException, InterruptedException {
        long start = System.nanoTime();
        RwkvOptions options = RwkvOptions.builder().engine(engine).build();
        try (TextModel rwkv = TextModel.open(checkpoint == null ? DemoModel.checkpoint() : checkpoint, options)) {
            System.out.printf("engine %s, JDK %s, %d processors, %s%n", rwkv.model().engineName(), Runtime.version(),
                    Runtime.getRuntime().availableProcessors(), Machine.cpu());
            System.out.println("| round | seconds | sessions | heap after GC, MB | resident set, MB | threads |");
            System.out.println("|---|---|---|---|---|---|");
            int round = firstRound;
            do {
                Random random = new Random(round);
                List<SoakSession> made = new ArrayList<>();
                for (int i = 0; i < sessions; i++) {
                    made.add(new SoakSession(rwkv, random));
                }
                serve(rwkv, made, random, "round " + round);
                runAsList(rwkv, made, "round " + round);
                made.clear();
                report(round++, System.nanoTime() - start);
            } while (System.nanoTime() - start < seconds * 1_000_000_000);
        }
        System.out.printf(Locale.ROOT, "resident set, medians of four quarters of the rounds: %s MB%n", quarters());
    }

    private void report(int round, long nanos) throws IOException {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        double megabytes = Machine.residentMemory().orElse(0) / 1e6;
        resident.add(megabytes);
        System.out.printf(Locale.ROOT, "| %d | %.0f | %d | %.1f | %.0f | %d |%n", round, nanos / 1e9,
                (round - firstRound + 1) * sessions, (runtime.totalMemory() - runtime.freeMemory()) / 1e6, megabytes,
                Thread.activeCount());
    }

    private String quarters() {
        List<String> medians = new ArrayList<>();
        for (int quarter = 0; quarter < 4; quarter++) {
            double[] part = resident.subList(resident.size() * quarter / 4, resident.size() * (quarter + 1) / 4)
                    .stream().mapToDouble(d -> d).sorted().toArray();
            medians.add(part.length == 0 ? "-" : String.format(Locale.ROOT, "%.0f", part[part.length / 2]));
        }
        return String.join(", ", medians);
    }

    private static void serve(TextModel rwkv, List<SoakSession> sessions, Random random, String what)
            throws InterruptedException {
        ServiceOptions options = ServiceOptions.builder().maxSequences(1 + random.nextInt(40)).promptRows(16)
                .promptRowsAlone(64).backlog(4).prefixCacheBytes(random.nextBoolean() ? 1 << 24 : 0).build();
        int[] ends = new int[Reason.values().length];
        int failed = 0;
        try (GenerationService service = rwkv.serve(options)) {
            List<Run> runs = new ArrayList<>();
            for (SoakSession session : sessions) {
                runs.add(start(service, session));
                if (random.nextInt(8) == 0) {
                    LockSupport.parkNanos(2_000_000);
                }
                if (random.nextInt(3) == 0) {
                    Run run = runs.get(random.nextInt(runs.size()));
                    if (run.session.end == End.CANCEL) {
                        run.submission.cancel(false);
                    }
                }
            }
            for (Run run : runs) {
                if (run.session.end == End.CANCEL && random.nextInt(3) > 0) {
                    run.submission.cancel(true);
                }
            }
            for (int i = 0; i < runs.size(); i++) {
                Reason reason = check(runs.get(i), what + ", session " + i + " " + runs.get(i).session.end);
                if (reason == null) {
                    failed++;
                } else {
                    ends[reason.ordinal()]++;
                }
            }
            service.shutdown();
            check(service.awaitTermination(Duration.ofHours(1)), what + ": does not end");
            ServiceStatistics end = service.statistics();
            check(end.completed() + end.cancelled() + end.expired() + end.failed() == sessions.size()
                    && end.running() + end.queued() == 0 && end.failed() == failed
                    && end.cancelled() == ends[Reason.CANCELLED.ordinal()]
                    && end.expired() == ends[Reason.DEADLINE.ordinal()],
                    what + ": miscounted: " + end + ", found " + failed + " failed, " + Arrays.toString(ends));
        }
    }

    /** What no caller ends, all in one list. */
    private static void runAsList(TextModel rwkv, List<SoakSession> sessions, String what) {
        List<Generation> results = rwkv.runAll(sessions.stream().map(SoakSession::again).toList());
        for (int i = 0; i < results.size(); i++) {
            String text = results.get(i).text();
            String expected = sessions.get(i).expected;
            check(text.equals(expected), what + ", list, session " + i + ": " + text + " for " + expected);
        }
    }

    private static Run start(GenerationService service, SoakSession session) {
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

    /** Why it ended; null if by its callback's exception. */
    private static Reason check(Run run, String what) {
        SoakSession session = run.session;
        Generation result = null;
        Reason reason = Reason.CANCELLED;
        try {
            result = run.submission.join();
            reason = result.reason();
        } catch (CancellationException e) {
            check(session.end == End.CANCEL, what + ": cancelled by itself");
        } catch (CompletionException e) {
            check(e.getCause() == ENOUGH && session.end == End.THROW, what + ": " + e.getCause());
            reason = null;
        }
        String text = run.submission.text();
        check(result == null || text.equals(result.text()), what + ": two texts");
        String heard = run.heard.toString();
        check(reason == null ? text.startsWith(heard) : text.equals(heard), what + ": heard " + heard + " of " + text);
        if (reason == null || reason == Reason.CANCELLED || reason == Reason.DEADLINE) {
            // It may have ended by itself just before, and then within a character.
            check(session.whole.startsWith(text) || text.equals(session.expected),
                    what + ": " + text + " of " + session.whole);
        } else {
            check(text.equals(session.expected), what + ": " + text + " for " + session.expected);
        }
        check(session.stateEndsWith(text, result), what + ": the state is elsewhere");
        return reason;
    }

    private static void check(boolean expected, String message) {
        if (!expected) {
            throw new IllegalStateException(message);
        }
    }
}
