package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** All versions that are run. */
public final class Versions {
    /** Later ones first: of two that a checkpoint is equally far from, what is there tells more than what is not. */
    private static final List<VersionDescriptor> ALL = List.of(Rwkv7.V7A, Rwkv7.V7, new Rwkv6(), Rwkv5.V5_2, Rwkv5.V5_1,
            Rwkv5.V5_0, new Rwkv4());
    /** Below {@code blocks.N.}. */
    private static final Set<String> KNOWN = new HashSet<>();

    static {
        ALL.forEach(d -> KNOWN.addAll(d.tensors().layerNames()));
    }

    private Versions() {
    }

    /** Later ones first. */
    public static List<VersionDescriptor> all() {
        return ALL;
    }

    /** What makes a model one of this version. */
    public static VersionDescriptor of(RwkvVersion version) {
        for (VersionDescriptor descriptor : ALL) {
            if (descriptor.version() == version) {
                return descriptor;
            }
        }
        throw new AssertionError(version);
    }

    /** The layout of a model's states, if its checkpoint holds no tuned one. */
    public static StateLayout stateLayout(RwkvConfig config) {
        return of(config.version()).stateLayout(config);
    }

    /** Whether some version has a tensor of this name below {@code blocks.N.}. */
    public static boolean knows(String layerName) {
        return KNOWN.contains(layerName);
    }

    /**
     * The version that a checkpoint is, or is nearest to.
     *
     * @param layers by name below {@code blocks.N.} the shapes that the tensor has in the layers that have it
     */
    public static VersionDescriptor nearest(Map<String, List<long[]>> layers) {
        return ALL.stream().min(Comparator.<VersionDescriptor>comparingLong(d -> distance(d.tensors(), layers))
                .thenComparingLong(d -> distanceInAllLayers(d.tensors(), layers))).orElseThrow();
    }

    /**
     * The tensors it would lack in all layers, those it has that only others have, and those that have other dimensions in
     * most layers.
     */
    private static long distance(TensorTable table, Map<String, List<long[]>> layers) {
        long misshapen = table.ofLayers().stream()
                .filter(t -> shapes(t, layers).anyMatch(all -> 2 * misshapen(t, all) > all.size())).count();
        return table.missing(layers.keySet()) + foreign(table, layers).count() + misshapen;
    }

    /** The same, with every layer counted. */
    private static long distanceInAllLayers(TensorTable table, Map<String, List<long[]>> layers) {
        int most = layers.values().stream().mapToInt(List::size).max().orElse(0);
        long distance = foreign(table, layers).mapToLong(n -> layers.get(n).size()).sum();
        for (TensorSpec tensor : table.ofLayers()) {
            long there = shapes(tensor, layers).mapToLong(List::size).sum();
            // A column is what it may be, but what has no column is nearer.
            distance += Math.max(0, most - there) + shapes(tensor, layers).flatMap(List::stream)
                    .filter(s -> !tensor.hasDimensions(s) || s.length == 2 && tensor.isPerHead()).count();
        }
        return distance;
    }

    private static Stream<String> foreign(TensorTable table, Map<String, List<long[]>> layers) {
        return layers.keySet().stream().filter(n -> knows(n) && !table.layerNames().contains(n));
    }

    private static Stream<List<long[]>> shapes(TensorSpec tensor, Map<String, List<long[]>> layers) {
        return tensor.names().stream().filter(layers::containsKey).map(layers::get);
    }

    private static long misshapen(TensorSpec tensor, List<long[]> shapes) {
        return shapes.stream().filter(s -> !tensor.hasDimensions(s)).count();
    }

    /** Whether so little of a version is there that to list what it lacks would help nobody. */
    public static boolean mostlyMissing(VersionDescriptor version, Set<String> layerNames) {
        return 2 * version.tensors().missing(layerNames) > version.tensors().ofLayers().size();
    }
}
