package io.rwkv.core.internal.model;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.model.TensorTable.Group;
import io.rwkv.core.internal.model.TensorTable.Known;
import io.rwkv.core.internal.model.TensorTable.Need;
import io.rwkv.core.tensor.TensorFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Holds a checkpoint against all that its version says of it, before any weight is converted: each tensor must be there in
 * its shape, and there must be no other. A tensor too many is as much of an error as one that is missing: the versions that
 * are supersets of another, adapters and trained options are told by nothing else, and a model run without them gives wrong
 * numbers. There are two exceptions: what the {@link TensorTable} calls unused, and {@linkplain #isBaggage baggage}.
 */
public final class ModelTensors {
    private static final Logger LOG = LoggerFactory.getLogger(ModelTensors.class);
    /** The names of parts as Hugging Face's tools give them. */
    private static final Pattern PART = Pattern.compile(".*-[0-9]{5}-of-[0-9]{5}\\.[^.]*");
    private static final int FEW = 3;

    private final TensorFile file;
    private final RwkvConfig config;
    private final TensorTable table;

    private ModelTensors(TensorFile file, RwkvConfig config) {
        this.file = file;
        this.config = config;
        table = Versions.of(config.version()).tensors();
    }

    /**
     * Finds nothing or throws. Reads no weights.
     *
     * @throws RwkvFormatException naming the first tensor that is missing, has the wrong shape or is unknown, and the version
     */
    public static void check(TensorFile file, RwkvConfig config) {
        new ModelTensors(file, config).check();
    }

    /** As {@link #check(TensorFile, RwkvConfig)}, but for unknown tensors, which {@link #withoutUnknown} leaves out. */
    public static void checkKnown(TensorFile file, RwkvConfig config) {
        ModelTensors tensors = new ModelTensors(file, config);
        check(tensors.without(tensors.unknown()::contains), config);
    }

    /**
     * The tensors that a model is made of; a warning names those that are left out and not known.
     *
     * @return the file without others
     * @throws RwkvFormatException as {@link #check(TensorFile, RwkvConfig)}
     */
    public static TensorFile of(TensorFile file, RwkvConfig config) {
        ModelTensors tensors = new ModelTensors(file, config);
        tensors.check();
        List<String> baggage = file.names().stream().filter(tensors::isBaggage).toList();
        if (!baggage.isEmpty()) {
            LOG.warn("{}: {} left out, of types that are not read and of names that nothing is known of", file.path(),
                    printable(baggage));
        }
        return tensors.without(name -> tensors.isUnused(name) || tensors.isBaggage(name));
    }

    /** The file without tensors that the version does not have; a warning lists them. */
    public static TensorFile withoutUnknown(TensorFile file, RwkvConfig config) {
        ModelTensors tensors = new ModelTensors(file, config);
        List<String> unknown = tensors.unknown();
        if (!unknown.isEmpty()) {
            LOG.warn(
                    "{}: the model is run as an {} without tensors that are part of the file, as asked; its results may be"
                            + " wrong: {}",
                    file.path(), config.version(), printable(unknown));
        }
        return tensors.without(unknown::contains);
    }

    /** Names come from the file: a line of the log must stay one. */
    private static String printable(List<String> names) {
        return String.join(", ", names).replaceAll("\\p{Cntrl}", "?");
    }

    private List<String> unknown() {
        return file.names().stream().filter(n -> find(n) == null && !isBaggage(n)).toList();
    }

    private void check() {
        List<String> unknown = unknown();
        String telling = Strangers.telling(unknown);
        if (telling != null) {
            throw tooMany(telling, unknown.size());
        }
        for (int layer = -1; layer < config.layers(); layer++) {
            check(layer);
        }
        if (!unknown.isEmpty()) {
            throw tooMany(unknown.get(0), unknown.size());
        }
    }

    /**
     * Whether a tensor stands outside of the layers, is of an element type that is not read, such as U16, and has a name of
     * which nothing is known. The format's reader lists it for those who can use it; an RWKV has no weights of such types: where
     * quantisers or newer versions would use one, it stands in a layer or in the place of a known tensor, and is refused.
     */
    private boolean isBaggage(String name) {
        return file.unread().containsKey(name) && find(name) == null && TensorName.of(name).layer() < 0
                && Strangers.explain(name) == null;
    }

    private Known find(String name) {
        TensorName parts = TensorName.of(name);
        return parts.layer() >= config.layers() ? null : table.find(parts);
    }

    private boolean isUnused(String name) {
        Known known = find(name);
        return known != null && known.group().need() == Need.UNUSED;
    }

    private TensorFile without(Predicate<String> left) {
        if (file.names().stream().noneMatch(left)) {
            return file;
        }
        TensorFile.Builder rest = TensorFile.builder(file.path(), file.format()).metadata(file.metadata())
                .nameInFile(file::nameInFile);
        for (String name : file.names()) {
            if (left.test(name)) {
                continue;
            } else if (file.unread().containsKey(name)) {
                rest.unread(name, file.unread().get(name));
            } else {
                rest.tensor(name, file.tensor(name));
            }
        }
        return rest.build();
    }

    private void check(int layer) {
        ShapeCheck shapes = new ShapeCheck(file, config);
        String prefix = TensorName.prefix(layer);
        for (Group group : table.groups()) {
            if (group.where().includes(layer)) {
                boolean needed = group.need() == Need.REQUIRED || group.need() == Need.OPTIONAL && isAnywhere(group);
                for (TensorSpec tensor : group.tensors()) {
                    List<String> names = tensor.names().stream().map(n -> prefix + n).filter(file::contains).toList();
                    if (names.size() > 1) {
                        throw fault(names.get(1),
                                "expected one of two names for the same, found " + names.get(0) + " too");
                    } else if (names.size() == 1) {
                        shapes.check(names.get(0), tensor);
                    } else if (needed) {
                        throw missing(layer, tensor, shapes);
                    }
                }
            }
        }
    }

    private boolean isAnywhere(Group group) {
        return IntStream.range(-1, config.layers()).filter(group.where()::includes).mapToObj(TensorName::prefix)
                .anyMatch(p -> group.tensors().stream().flatMap(t -> t.names().stream())
                        .anyMatch(n -> file.contains(p + n)));
    }

    private RwkvFormatException missing(int layer, TensorSpec tensor, ShapeCheck shapes) {
        String prefix = TensorName.prefix(layer);
        String name = prefix + tensor.names().get(0);
        String others = tensor.names().stream().skip(1).map(n -> " (or " + file.nameInFile(prefix + n) + ")")
                .collect(Collectors.joining());
        return fault(name, "missing" + others + ", expected for " + config.version() + " with shape "
                + shapes.describe(tensor) + remark(layer, name, tensor));
    }

    private String remark(int layer, String name, TensorSpec tensor) {
        String renamed = TensorName.prefix(layer) + "att.time_first";
        if (name.endsWith(".time_faaaa") && tensor.names().size() == 1 && file.contains(renamed)) {
            return "; " + file.nameInFile(renamed) + " is there: a converter renamed it, whose files are not supported";
        }
        if (PART.matcher(file.path().toString()).matches()) {
            return "; the file's name says that it is one of several parts (shards) of a model, which are not joined";
        }
        if (name.equals("head.weight")) {
            return "; in some models the embedding serves as head (tied weights), which is not supported";
        }
        List<String> ofLayer = file.names().stream().filter(n -> TensorName.of(n).layer() == layer).toList();
        return layer >= 0 && !ofLayer.isEmpty() && ofLayer.size() <= FEW
                ? "; of that layer the file has only "
                        + ofLayer.stream().map(file::nameInFile).collect(Collectors.joining(", "))
                : "";
    }

    private RwkvFormatException tooMany(String name, int count) {
        String type = file.unread().get(name);
        String explanation = Strangers.explain(name);
        return fault(name, "expected only tensors of " + config.version() + ", found one more, "
                + (type == null ? file.tensor(name).dtype() + Arrays.toString(file.tensor(name).shape()) : type)
                + (count == 1 ? "" : count == 2 ? " (and another)" : " (and " + (count - 1) + " others)") + "; "
                + (explanation == null
                        ? "nothing is known of it, and a model run without it may give wrong results"
                        : explanation));
    }

    private RwkvFormatException fault(String name, String detail) {
        return RwkvFormatException.inTensor(file.path(), file.nameInFile(name), detail);
    }
}
