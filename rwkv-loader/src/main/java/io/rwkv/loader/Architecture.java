package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.tensor.TensorFile;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Tells a checkpoint's version and dimensions from its tensors' names and shapes; file names and key order say nothing
 * reliable. All tensors have their say, so that in a checkpoint that is almost one of a version the odd tensor stands out.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class Architecture {
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(0|[1-9][0-9]{0,5})\\.(.*)", Pattern.DOTALL);
    private static final int MAX_LAYERS = 10_000;

    private final TensorFile file;
    private final Set<String> layerNames = new HashSet<>(); // below blocks.N., of all layers together
    private int layers;

    private Architecture(TensorFile file) {
        this.file = file;
        for (String name : file.names()) {
            Matcher block = BLOCK.matcher(name);
            if (block.matches()) {
                layers = Math.max(layers, 1 + Integer.parseInt(block.group(1)));
                layerNames.add(block.group(2));
            }
        }
    }

    /**
     * Finds out what kind of model a file holds, and that every tensor which that kind needs is there in the right shape.
     * Reads no weights.
     *
     * @throws RwkvFormatException if it is none that this library runs; if it is almost one, the message says which tensor is
     *         missing or has the wrong shape, and for which version
     */
    public static RwkvConfig detect(TensorFile file) {
        RwkvConfig config = new Architecture(file).config();
        RequirementsCheck.check(file, config);
        return config;
    }

    private RwkvConfig config() {
        if (layers > MAX_LAYERS || layers > file.names().size()) {
            throw RwkvFormatException.inFile(file.path(), "expected layers numbered without gaps, found layer "
                    + (layers - 1) + " among " + file.names().size() + " tensors");
        }
        RwkvVersion version = version();
        int width = width(version);
        LongStream ffn = LongStream.concat(matrixDimensions("ffn.key.weight", 0),
                matrixDimensions("ffn.value.weight", 1));
        int ffnWidth = dimension(version, "blocks.0.ffn.key.weight", mostCommon(ffn));
        LongStream vocabulary = LongStream.concat(matrixDimension("emb.weight", 0), matrixDimension("head.weight", 0));
        return new RwkvConfig(version, layers, width, heads(version, width), ffnWidth,
                dimension(version, "emb.weight", mostCommon(vocabulary)));
    }

    private RwkvVersion version() {
        RwkvVersion nearest = Requirements.versions().stream()
                .min(Comparator.comparingInt(v -> Requirements.distance(v, layerNames))).orElseThrow();
        if (Requirements.mostlyMissing(nearest, layerNames)) {
            throw RwkvFormatException.inFile(file.path(), "expected an RWKV checkpoint with tensors emb.weight and"
                    + " blocks.0.ln1.weight, found " + some());
        }
        if (layerNames.contains("att.time_mix_x") && layerNames.contains("att.time_decay_w1")) {
            // Otherwise the rest of an RWKV-6 would pass for an RWKV-5 and be run as one. Some of these files have their
            // small matrices transposed and some have not, and nothing in them says which.
            throw RwkvFormatException.inTensor(file.path(), "blocks.0.att.time_mix_x", "expected for RWKV-6"
                    + " blocks.0.att.time_maa_x; a converter renamed it, whose files are not supported");
        }
        return nearest == RwkvVersion.V5_1 || nearest == RwkvVersion.V5_2 ? gated5() : nearest;
    }

    /** 5.1 and 5.2 have the same names, and only 5.2 a decay and a bonus for each channel. */
    private RwkvVersion gated5() {
        OptionalLong dimensions = mostCommon(
                inAllLayers("att.time_decay", "att.time_faaaa", "att.time_first").mapToLong(shape -> shape.length));
        return dimensions.orElse(2) == 1 ? RwkvVersion.V5_1 : RwkvVersion.V5_2;
    }

    private int width(RwkvVersion version) {
        LongStream norms = inAllLayers("ln1.weight", "ln2.weight", "ln1.bias", "ln2.bias")
                .mapToLong(Architecture::product);
        return dimension(version, "emb.weight", mostCommon(LongStream.concat(norms, matrixDimension("emb.weight", 1))));
    }

    private int heads(RwkvVersion version, int width) {
        if (version == RwkvVersion.V4) {
            return 0;
        }
        boolean onePerHead = version == RwkvVersion.V5_0 || version == RwkvVersion.V5_1;
        String name = switch (version) {
            case V4, V5_0, V5_1, V5_2 -> "att.time_decay";
            case V6 -> "att.time_faaaa";
            case V7, V7A -> "att.r_k";
        };
        LongStream found = onePerHead
                ? inAllLayers(name, "att.time_faaaa", "att.time_first").filter(s -> s.length == 1).mapToLong(s -> s[0])
                : perHead(width, name, "att.time_faaaa", "att.time_first");
        return (int) mostCommon(found.filter(n -> n > 0 && n <= width && width % n == 0)).orElseThrow(
                () -> fault(version, "blocks.0." + name,
                        "a shape of heads" + (onePerHead ? "" : " and channels per head")
                                + ", with heads that divide the width " + width + ","));
    }

    /** The first dimensions of tensors with a value for each channel of each head. */
    private LongStream perHead(int width, String... names) {
        return inAllLayers(names).filter(s -> s.length == 2 && s[0] > 0 && s[0] <= width && s[0] * s[1] == width)
                .mapToLong(s -> s[0]);
    }

    private Stream<long[]> inAllLayers(String... names) {
        return IntStream.range(0, layers).boxed()
                .flatMap(layer -> Arrays.stream(names).map(name -> "blocks." + layer + "." + name))
                .filter(file::contains).map(name -> file.tensor(name).shape());
    }

    private LongStream matrixDimensions(String name, int index) {
        return inAllLayers(name).filter(s -> s.length == 2).mapToLong(s -> s[index]);
    }

    private LongStream matrixDimension(String name, int index) {
        return Stream.of(name).filter(file::contains).map(n -> file.tensor(n).shape()).filter(s -> s.length == 2)
                .mapToLong(s -> s[index]);
    }

    private static long product(long[] shape) {
        return LongStream.of(shape).reduce(1, (a, b) -> a * b);
    }

    /** The first of those that come most often. */
    private static OptionalLong mostCommon(LongStream values) {
        Map<Long, Integer> counts = new LinkedHashMap<>();
        values.forEach(value -> counts.merge(value, 1, Integer::sum));
        List<Map.Entry<Long, Integer>> entries = new ArrayList<>(counts.entrySet());
        entries.sort(Map.Entry.<Long, Integer>comparingByValue().reversed());
        return entries.isEmpty() ? OptionalLong.empty() : OptionalLong.of(entries.get(0).getKey());
    }

    /** @param name the tensor to blame */
    private int dimension(RwkvVersion version, String name, OptionalLong length) {
        if (length.isEmpty() || length.getAsLong() < 1 || length.getAsLong() > 1 << 24) {
            throw fault(version, name, "dimensions between 1 and " + (1 << 24));
        }
        return (int) length.getAsLong();
    }

    private RwkvFormatException fault(RwkvVersion version, String name, String expected) {
        return RwkvFormatException.inTensor(file.path(), file.nameInFile(name),
                file.contains(name)
                        ? "expected " + expected + " for " + version + ", found shape "
                                + Arrays.toString(file.tensor(name).shape())
                        : "missing, expected for " + version);
    }

    private String some() {
        return file.names().isEmpty()
                ? "no tensors"
                : file.names().size() + " tensors: "
                        + file.names().stream().limit(5).map(file::nameInFile).collect(Collectors.joining(", "))
                        + (file.names().size() > 5 ? ", …" : "");
    }
}
