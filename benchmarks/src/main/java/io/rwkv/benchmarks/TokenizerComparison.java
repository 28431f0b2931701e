package io.rwkv.benchmarks;

import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.EncodingType;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;

/**
 * Both tokenizers of this library against DJL's binding of Hugging Face's and against JTokkit, on one thread: megabytes
 * of UTF-8 encoded per second, and how time grows with the length of the text. Rounds alternate, so that whatever else
 * the machine does meets all of them.
 */
public final class TokenizerComparison {
    private static final String OPTIONS = "--bpe FILE --world FILE [--english PATH...] [--code PATH...]"
            + " [--chinese PATH...] [--rounds N]";
    private static final Pattern PROSE = Pattern.compile("[^.]+|.*\\.(txt|md)(\\.gz)?");
    private static final Pattern CODE = Pattern.compile(".*\\.(java|py|c|h|js|sh)");
    private static final int TEXT_BYTES = 1_000_000;
    /** Characters of the pieces that each text is also encoded in: a library may be at its best with shorter texts. */
    private static final int PIECE = 10_000;
    /** The least that is timed, as the clock of a shared machine is rough, and the least that warms up. */
    private static final double TIMED_SECONDS = 0.1;
    private static final double WARM_UP_SECONDS = 1;
    private static final int GROWTH_BYTES = 10_000_000;
    private static final int[] LENGTHS = {1_000, 10_000, 100_000, 1_000_000, 10_000_000};
    private static final String OUR_BPE = "BpeTokenizer";
    private static final String OUR_WORLD = "WorldTokenizer";

    /** So that no call's result is unused, which the compiler could then leave out. */
    private static volatile int sink;

    private TokenizerComparison() {
    }

    /** Encodes, and returns the number of ids after all of them have been made available to Java. */
    @FunctionalInterface
    private interface Encoder {
        int encode(String text);
    }

    /** @param args see {@link #OPTIONS}; without paths, English are the licences of Debian, code is the working folder's */
    public static void main(String[] args) throws IOException {
        Map<String, List<String>> options = options(args);
        if (!options.keySet().containsAll(List.of("bpe", "world"))) {
            System.err.println("usage: TokenizerComparison " + OPTIONS);
            System.exit(2);
        }
        System.setProperty("ai.djl.offline", "true"); // else it reports its use to its makers
        Path bpeFile = Path.of(options.get("bpe").get(0));
        int rounds = Integer.parseInt(options.getOrDefault("rounds", List.of("7")).get(0));
        Tokenizer bpe = Tokenizer.load(bpeFile);
        Tokenizer world = Tokenizer.load(Path.of(options.get("world").get(0)));
        Map<String, String> texts = texts(options);

        System.out.printf("%s, Java %s, %s%n%n", cpu(), System.getProperty("java.version"),
                System.getProperty("java.vm.name"));
        try (HuggingFaceTokenizer djl = HuggingFaceTokenizer.newInstance(bpeFile,
                Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"))) {
            texts.forEach(
                    (name, text) -> requireEqualIds(name, bpe.encode(text), djl.encode(text, false, false).getIds()));
            Map<String, Encoder> encoders = new LinkedHashMap<>();
            encoders.put(OUR_BPE, text -> bpe.encode(text).length);
            encoders.put(OUR_WORLD, text -> world.encode(text).length);
            encoders.put("DJL", text -> djl.encode(text, false, false).getIds().length);
            encoders.put("DJL, ids only", text -> encodeIdsOnly(djl, text));
            encoders.put("JTokkit r50k", jtokkit(EncodingType.R50K_BASE));
            encoders.put("JTokkit cl100k", jtokkit(EncodingType.CL100K_BASE));
            Map<String, List<String>> cut = new LinkedHashMap<>();
            texts.forEach((name, text) -> cut.put(name, List.of(text)));
            texts.forEach((name, text) -> cut.put(name + " in pieces", pieces(text, PIECE)));
            compare(encoders, cut, rounds);
        }
        String prose = repeat(texts.get("English"));
        Map<String, Encoder> ours = new LinkedHashMap<>();
        ours.put(OUR_BPE, text -> bpe.encode(text).length);
        ours.put(OUR_WORLD, text -> world.encode(text).length);
        System.out.println("\nns/byte at | "
                + Arrays.stream(LENGTHS).mapToObj(n -> n / 1000 + " kB").collect(Collectors.joining(" | ")));
        grow(ours, "prose", prose, Math.min(rounds, 5));
        grow(ours, "one letter", "a".repeat(GROWTH_BYTES), Math.min(rounds, 5));
    }

    private static void compare(Map<String, Encoder> encoders, Map<String, List<String>> texts, int rounds) {
        // All texts before the first is timed, so that the compiler knows all of them at every time.
        texts.values().forEach(text -> encoders.values().forEach(encoder -> seconds(encoder, text, WARM_UP_SECONDS)));
        System.out.println(
                "MB/s | " + String.join(" | ", encoders.keySet()) + " | BPE / faster peer | World / faster peer");
        texts.forEach((name, text) -> {
            double megabytes = text.stream().mapToDouble(TokenizerComparison::bytes).sum() / 1e6;
            Map<String, double[]> all = new LinkedHashMap<>();
            encoders.keySet().forEach(encoder -> all.put(encoder, new double[rounds]));
            for (int round = 0; round < rounds; round++) {
                for (Map.Entry<String, Encoder> encoder : encoders.entrySet()) {
                    all.get(encoder.getKey())[round] = megabytes / seconds(encoder.getValue(), text, TIMED_SECONDS);
                }
            }
            Map<String, Double> rates = new LinkedHashMap<>();
            all.forEach((encoder, values) -> rates.put(encoder, median(values)));
            double peer = rates.entrySet().stream()
                    .filter(e -> !e.getKey().equals(OUR_BPE) && !e.getKey().equals(OUR_WORLD))
                    .mapToDouble(Map.Entry::getValue).max().orElseThrow();
            System.out.printf(Locale.ROOT, "%s, %.0f kB | %s | %.2f | %.2f%n", name, megabytes * 1e3,
                    rates.values().stream().map(r -> String.format(Locale.ROOT, "%.1f", r))
                            .collect(Collectors.joining(" | ")),
                    rates.get(OUR_BPE) / peer, rates.get(OUR_WORLD) / peer);
            all.forEach(
                    (encoder, values) -> System.err.printf(Locale.ROOT, "%s, %s: %.1f to %.1f MB/s%n", name, encoder,
                            Arrays.stream(values).min().orElseThrow(), Arrays.stream(values).max().orElseThrow()));
        });
    }

    /** The same text at every length, cut into pieces of it, so that nothing but the length changes. */
    private static void grow(Map<String, Encoder> encoders, String name, String text, int rounds) {
        double bytes = bytes(text);
        encoders.forEach((encoderName, encoder) -> {
            double[][] nanosPerByte = new double[LENGTHS.length][rounds];
            for (int round = -1; round < rounds; round++) { // one to warm up
                for (int i = 0; i < LENGTHS.length; i++) {
                    double seconds = seconds(encoder, pieces(text, LENGTHS[i]), 0);
                    if (round >= 0) {
                        nanosPerByte[i][round] = seconds * 1e9 / bytes;
                    }
                }
            }
            System.out.println(encoderName + ", " + name + " | "
                    + Arrays.stream(nanosPerByte).map(all -> String.format(Locale.ROOT, "%.1f", median(all)))
                            .collect(Collectors.joining(" | ")));
        });
    }

    /** Seconds for all the texts once, from as many times as take {@code atLeast} seconds. */
    private static double seconds(Encoder encoder, List<String> texts, double atLeast) {
        System.gc(); // else one pays for what another has left
        long start = System.nanoTime();
        double seconds;
        int times = 0;
        do {
            for (String text : texts) {
                sink += encoder.encode(text);
            }
            times++;
            seconds = (System.nanoTime() - start) / 1e9;
        } while (seconds < atLeast);
        return seconds / times;
    }

    /** Without the texts, offsets and masks of the tokens, which the public method copies to Java whether wanted or not. */
    private static int encodeIdsOnly(HuggingFaceTokenizer djl, String text) {
        long encoding = TokenizersLibrary.LIB.encode(djl.getHandle(), text, false);
        try {
            return TokenizersLibrary.LIB.getTokenIds(encoding).length;
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    private static Encoder jtokkit(EncodingType type) {
        var encoding = Encodings.newLazyEncodingRegistry().getEncoding(type);
        return text -> encoding.encodeOrdinary(text).toArray().length;
    }

    private static void requireEqualIds(String name, int[] ours, long[] theirs) {
        int difference = Arrays.mismatch(Arrays.stream(ours).asLongStream().toArray(), theirs);
        if (difference >= 0) {
            throw new IllegalStateException(name + ": other ids than DJL's from token " + difference + " on");
        }
        System.err.println(name + ": all " + ours.length + " ids equal to DJL's");
    }

    private static Map<String, String> texts(Map<String, List<String>> options) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("English",
                TextFiles.read(paths(options.getOrDefault("english", List.of("/usr/share/common-licenses"))),
                        PROSE, TEXT_BYTES));
        texts.put("code", TextFiles.read(paths(options.getOrDefault("code", List.of("."))), CODE, TEXT_BYTES));
        if (options.containsKey("chinese")) {
            texts.put("Chinese", TextFiles.read(paths(options.get("chinese")), PROSE, TEXT_BYTES));
        } else {
            System.err.println("no Chinese, as no --chinese names a text");
        }
        texts.forEach((name, text) -> {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("no text for " + name);
            }
        });
        return texts;
    }

    private static List<Path> paths(List<String> names) {
        return names.stream().map(name -> Path.of(name)).toList();
    }

    private static Map<String, List<String>> options(String[] args) {
        Map<String, List<String>> options = new LinkedHashMap<>();
        List<String> values = new ArrayList<>();
        for (String arg : args) {
            if (arg.startsWith("--")) {
                values = new ArrayList<>();
                options.put(arg.substring(2), values);
            } else {
                values.add(arg);
            }
        }
        options.values().removeIf(List::isEmpty);
        return options;
    }

    private static String repeat(String text) {
        return TextFiles.prefix(text.repeat((int) (GROWTH_BYTES / bytes(text)) + 1), GROWTH_BYTES);
    }

    private static List<String> pieces(String text, int length) {
        List<String> pieces = new ArrayList<>();
        for (int at = 0; at < text.length(); at += length) {
            pieces.add(text.substring(at, Math.min(text.length(), at + length)));
        }
        return pieces;
    }

    private static double bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    private static String cpu() throws IOException {
        Path path = Path.of("/proc/cpuinfo");
        return Files.exists(path)
                ? Files.readAllLines(path).stream().filter(line -> line.startsWith("model name")).findFirst()
                        .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse("unknown CPU")
                : "unknown CPU";
    }
}
