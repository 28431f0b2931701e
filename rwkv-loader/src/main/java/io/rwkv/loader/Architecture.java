package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.internal.model.ModelTensors;
import io.rwkv.core.internal.model.Strangers;
import io.rwkv.core.internal.model.TensorName;
import io.rwkv.core.internal.model.TensorSpec;
import io.rwkv.core.internal.model.VersionDescriptor;
import io.rwkv.core.internal.model.Versions;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.names.GgufDimensions;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Finds a checkpoint's version and dimensions from the names and shapes of its tensors. The file's name and the order of its
 * tensors are not used, as they are not reliable. All tensors are looked at: if a checkpoint almost fits a version, the error
 * names the tensor that does not.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class Architecture {
    private static final int MAX_LAYERS = 10_000;

    private final TensorFile file;
    private final Map<String, List<long[]>> layerShapes = new LinkedHashMap<>(); // by name below blocks.N., of all layers
    private int layers;

    private Architecture(TensorFile file) {
        this.file = file;
        for (String name : file.names()) {
            TensorName parts = TensorName.of(name);
            if (parts.layer() >= 0) {
                List<long[]> shapes = layerShapes.computeIfAbsent(parts.below(), n -> new ArrayList<>());
                if (isRead(name)) {
                    shapes.add(file.tensor(name).shape());
                }
                // Another tensor beyond the last layer makes no layer: it is one that no model has.
                layers = Math.max(layers, Versions.knows(parts.below()) ? 1 + parts.layer() : 0);
            }
        }
    }

    /**
     * Finds the version and dimensions of the model in a file. Checks that each tensor that the version needs is there in the
     * right shape, and that there are no other tensors. Reads no weights.
     *
     * <p>Two kinds of tensors are allowed although they are not used:
     * <ul>
     * <li>{@code blocks.0.att.v0}, {@code v1} and {@code v2} of RWKV-7: training writes them, but the first layer has no mix that
     * uses them;
     * <li>outside of the layers, tensors with unknown names and element types that are not read ({@link TensorFile#unread()}).
     * Loading the model logs a warning that names them.
     * </ul>
     *
     * @param file under RWKV's own names, as {@link Checkpoints#open(Path)} returns it
     * @throws RwkvFormatException if this library does not run the model; if the file almost fits a version, the message names
     *         the version and the tensor that is missing, has the wrong shape, or is unknown
     */
    public static RwkvConfig detect(TensorFile file) {
        RwkvConfig config = new Architecture(file).config();
        ModelTensors.check(file, config);
        GgufDimensions.check(file, config);
        return config;
    }

    /**
     * As {@link #detect(TensorFile)}, for a model that will be loaded with these options: with
     * {@link RwkvOptions#ignoreUnknownTensors()}, tensors that the version does not have are not an error.
     *
     * @throws RwkvFormatException as {@link #detect(TensorFile)}
     */
    public static RwkvConfig detect(TensorFile file, RwkvOptions options) {
        if (!options.ignoreUnknownTensors()) {
            return detect(file);
        }
        RwkvConfig config = new Architecture(file).config();
        ModelTensors.checkKnown(file, config);
        GgufDimensions.check(file, config);
        return config;
    }

    private RwkvConfig config() {
        if (layers > MAX_LAYERS || layers > file.names().size()) {
            throw RwkvFormatException.inFile(file.path(), "expected layers numbered without gaps, found layer "
                    + (layers - 1) + " among " + file.names().size() + " tensors");
        }
        VersionDescriptor version = version();
        int width = width(version);
        LongStream ffn = LongStream.concat(matrixDimensions("ffn.key.weight", 0),
                matrixDimensions("ffn.value.weight", 1));
        int ffnWidth = dimension(version, "blocks.0.ffn.key.weight", mostCommon(ffn));
        LongStream vocabulary = LongStream.concat(matrixDimension("emb.weight", 0), matrixDimension("head.weight", 0));
        return new RwkvConfig(version.version(), layers, width,
                version.version().hasHeads() ? heads(version, width) : 0,
                ffnWidth,
                dimension(version, "emb.weight", mostCommon(vocabulary)));
    }

    private VersionDescriptor version() {
        VersionDescriptor nearest = Versions.nearest(layerShapes);
        if (Versions.mostlyMissing(nearest, layerShapes.keySet())) {
            throw RwkvFormatException.inFile(file.path(), "expected an RWKV checkpoint with tensors emb.weight and"
                    + " blocks.0.ln1.weight, found " + some() + Strangers.remark(file));
        }
        if (layerShapes.containsKey("att.time_mix_x") && layerShapes.containsKey("att.time_decay_w1")) {
            // Otherwise the rest of an RWKV-6 would pass for an RWKV-5 and be run as one. Some of these files have their
            // small matrices transposed and some have not, and nothing in them says which.
            throw RwkvFormatException.inTensor(file.path(), "blocks.0.att.time_mix_x", "expected for RWKV-6"
                    + " blocks.0.att.time_maa_x; a converter renamed it (web-rwkv's does), whose files are not supported");
        }
        return nearest;
    }

    private int width(VersionDescriptor version) {
        LongStream norms = inAllLayers("ln1.weight", "ln2.weight", "ln1.bias", "ln2.bias")
                .mapToLong(Architecture::product);
        return dimension(version, "emb.weight", mostCommon(LongStream.concat(norms, matrixDimension("emb.weight", 1))));
    }

    private int heads(VersionDescriptor version, int width) {
        List<TensorSpec> telling = version.tensors().ofLayers().stream().filter(TensorSpec::tellsHeads).toList();
        LongStream found = telling.stream().flatMapToLong(t -> heads(t, width));
        // Sorted: of as many layers each way, as in a small file with rows and columns exchanged in one, few large heads are likelier.
        return (int) mostCommon(
                found.filter(n -> n > 0 && n <= width && width % n == 0).sorted()).orElseThrow(
                        () -> fault(version, "blocks.0." + telling.get(0).names().get(0),
                                "a shape of heads" + (telling.get(0).isPerHead() ? "" : " and channels per head")
                                        + ", with heads that divide the width " + width + ","));
    }

    /** What one kind of tensor says in all layers. */
    private LongStream heads(TensorSpec tensor, int width) {
        Stream<long[]> shapes = inAllLayers(tensor.names().toArray(String[]::new)).map(tensor::plain);
        return tensor.isPerHead()
                ? shapes.filter(s -> s.length == 1).mapToLong(s -> s[0])
                : shapes.filter(s -> s.length == 2 && s[0] > 0 && s[0] <= width && s[0] * s[1] == width)
                        .mapToLong(s -> s[0]);
    }

    private boolean isRead(String name) {
        return file.contains(name) && !file.unread().containsKey(name);
    }

    private Stream<long[]> inAllLayers(String... names) {
        return IntStream.range(0, layers).boxed()
                .flatMap(layer -> Arrays.stream(names).map(name -> "blocks." + layer + "." + name))
                .filter(this::isRead).map(name -> file.tensor(name).shape());
    }

    private LongStream matrixDimensions(String name, int index) {
        return inAllLayers(name).filter(s -> s.length == 2).mapToLong(s -> s[index]);
    }

    private LongStream matrixDimension(String name, int index) {
        return Stream.of(name).filter(this::isRead).map(n -> file.tensor(n).shape()).filter(s -> s.length == 2)
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
    private int dimension(VersionDescriptor version, String name, OptionalLong length) {
        if (length.isEmpty() || length.getAsLong() < 1 || length.getAsLong() > 1 << 24) {
            throw fault(version, name, "dimensions between 1 and " + (1 << 24));
        }
        return (int) length.getAsLong();
    }

    private RwkvFormatException fault(VersionDescriptor version, String name, String expected) {
        return RwkvFormatException.inTensor(file.path(), file.nameInFile(name),
                file.contains(name)
                        ? "expected " + expected + " for " + version.version() + ", found shape "
                                + Arrays.toString(file.tensor(name).shape())
                        : "missing, expected for " + version.version() + Strangers.remark(file));
    }

    private String some() {
        return file.names().isEmpty()
                ? "no tensors"
                : file.names().size() + " tensors: "
                        + file.names().stream().limit(5).map(file::nameInFile).collect(Collectors.joining(", "))
                        + (file.names().size() > 5 ? ", …" : "");
    }
}
