package io.rwkv.loader.internal.names;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.model.Strangers;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.internal.tensor.Transposed;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.gguf.GgufFile;
import io.rwkv.loader.internal.names.GgufLayout.Kind;
import io.rwkv.loader.internal.names.GgufLayout.Tensor;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Shows a GGUF file under the names of RWKV's own checkpoints. What llama.cpp has fused, transposed, flattened or divided by a
 * power of two is shown as it was before; nothing is copied.
 */
public final class GgufNames {
    private static final String ARCHITECTURE = "general.architecture";
    private static final String TYPE = "general.type";
    private static final String MODEL = "model";
    private static final Pattern FILE_LAYER = Pattern.compile("blk\\.(0|[1-9][0-9]{0,5})\\.(.*)", Pattern.DOTALL);
    private static final Pattern OWN_LAYER = Pattern.compile("blocks\\.(0|[1-9][0-9]{0,5})\\.(.*)", Pattern.DOTALL);
    /** The first layer has these only to make all layers alike. */
    private static final Set<String> UNUSED_IN_FIRST = Set.of("att.v0", "att.v1", "att.v2");
    private static final Set<String> RESCALED = Set.of("att.output.weight", "ffn.value.weight");
    private static final Set<String> PER_HEAD = Set.of("att.r_k", "att.time_faaaa");
    private static final int MAX_HALVINGS = 100;
    /** Of all layer norms of all versions. */
    public static final float NORM_EPSILON = 1e-5f;

    private final GgufFile gguf;
    private final MappedFile file;
    private final String architecture;
    private final GgufLayout layout;
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

    private GgufNames(GgufFile gguf, String architecture, GgufLayout layout) {
        this.gguf = gguf;
        this.file = gguf.file();
        this.architecture = architecture;
        this.layout = layout;
    }

    /**
     * The file under RWKV's own names.
     *
     * @throws RwkvFormatException if it is not of an RWKV version, or has a tensor that its version has not
     */
    public static TensorFile view(GgufFile gguf) {
        MappedFile file = gguf.file();
        long parts = gguf.metadata().integer("split.count", 65535).orElse(0);
        if (parts > 1) {
            throw RwkvFormatException.inFile(file.path(),
                    "expected a whole model, found one of " + parts
                            + " parts; join them with llama-gguf-split --merge");
        }
        String type = gguf.metadata().text(TYPE, 256).orElse(MODEL);
        if (!type.equals(MODEL)) {
            throw RwkvFormatException.inFile(file.path(),
                    "expected for " + TYPE + " " + MODEL + ", found " + type
                            + (type.equals("adapter") ? ", which has to be merged into its model first" : ""));
        }
        String architecture = gguf.metadata().text(ARCHITECTURE, 256).orElseThrow(
                () -> RwkvFormatException.inFile(file.path(), "expected metadata " + ARCHITECTURE + ", found none"));
        RwkvVersion version = GgufLayout.version(architecture)
                .orElseThrow(() -> RwkvFormatException.inFile(file.path(),
                        "expected for " + ARCHITECTURE + " an RWKV version, such as rwkv7, found " + architecture));
        String format = "GGUF v" + gguf.version() + ", " + architecture;
        GgufLayout layout = GgufLayout.of(version);
        GgufNames names = new GgufNames(gguf, architecture, layout);
        if (layout == null) {
            names.tensors.putAll(gguf.tensors()); // which have RWKV's own names
            names.checkDimensions();
            return names.file(format).build();
        }
        gguf.tensors().values().forEach(names::add);
        names.checkDimensions();
        return names.file(format).nameInFile(names::nameInFile).build();
    }

    private TensorFile.Builder file(String format) {
        return TensorFile.builder(file.path(), format).tensors(tensors).metadata(gguf.metadata().listed())
                .directory(gguf);
    }

    /** What the metadata says must be what the tensors are: llama.cpp believes the one, this library the other. */
    private void checkDimensions() {
        StoredTensor table = tensors.get("emb.weight");
        if (table == null || table.shape().length != 2) {
            return; // refused soon for that
        }
        long layers = tensors.keySet().stream().map(OWN_LAYER::matcher).filter(Matcher::matches)
                .mapToLong(m -> Long.parseLong(m.group(1)) + 1).max().orElse(0);
        check("block_count", layers);
        check("embedding_length", table.shape()[1]);
        check("vocab_size", table.shape()[0]);
        String key = architecture + ".attention.layer_norm_epsilon";
        double epsilon = gguf.metadata().real(key).orElse(NORM_EPSILON);
        if ((float) epsilon != NORM_EPSILON) {
            throw RwkvFormatException.inFile(file.path(),
                    "expected for " + key + " " + NORM_EPSILON + ", as RWKV has it, found " + epsilon);
        }
    }

    private void check(String name, long expected) {
        String key = architecture + "." + name;
        long found = gguf.metadata().integer(key, Long.MAX_VALUE).orElse(expected);
        if (found != expected) {
            throw RwkvFormatException.inFile(file.path(),
                    "expected for " + key + " " + expected + ", as its tensors have it, found " + found);
        }
    }

    private void add(MappedTensor tensor) {
        Matcher matcher = FILE_LAYER.matcher(tensor.name());
        boolean ofLayer = matcher.matches();
        String name = ofLayer ? matcher.group(2) : tensor.name();
        int layer = ofLayer ? Integer.parseInt(matcher.group(1)) : -1;
        String prefix = ofLayer ? GgufLayout.OWN_LAYER + layer + "." : "";
        if (ofLayer && name.equals(GgufLayout.FUSED_MIXES)) {
            addMixes(prefix, tensor);
            return;
        }
        Tensor known = layout.byFile(name);
        if (known == null || layout.model().contains(known) == ofLayer) {
            throw RwkvFormatException.inTensor(file.path(), tensor.name(),
                    "expected the tensors of an " + architecture + " as llama.cpp names them, which this is none of"
                            + Strangers.remark(prefix + name));
        }
        if (layer != 0 || !UNUSED_IN_FIRST.contains(known.own())) {
            put(prefix + known.own(), tensor, view(known, layer, tensor));
        }
    }

    private StoredTensor view(Tensor known, int layer, MappedTensor tensor) {
        if (PER_HEAD.contains(known.own())) {
            return byHeads(tensor);
        }
        if (known.kind() == Kind.SMALL) {
            if (tensor.shape().length < 2) {
                throw RwkvFormatException.inTensor(file.path(), tensor.name(),
                        "expected a matrix, found shape " + Arrays.toString(tensor.shape()));
            }
            return Transposed.of(tensor);
        }
        long every = layout.isRescaled()
                ? gguf.metadata().integer(architecture + "." + GgufLayout.RESCALING, Integer.MAX_VALUE).orElse(0)
                : 0;
        if (every > 0 && layer >= every && RESCALED.contains(known.own())) {
            if (layer / every > MAX_HALVINGS) {
                throw RwkvFormatException.inTensor(file.path(), tensor.name(), "expected at most " + MAX_HALVINGS
                        + " halvings, found one every " + every + " layers");
            }
            return new Scaled(tensor, Math.scalb(1f, (int) (layer / every)));
        }
        return tensor;
    }

    private StoredTensor byHeads(MappedTensor tensor) {
        String key = architecture + ".wkv.head_size";
        long size = gguf.metadata().integer(key, Integer.MAX_VALUE).orElse(0);
        if (size == 0 || tensor.elementCount() % size != 0) {
            throw RwkvFormatException.inTensor(file.path(), tensor.name(), "expected for " + key + " a divisor of the "
                    + tensor.elementCount() + " elements, found " + (size == 0 ? "none" : size));
        }
        long[] shape = tensor.shape();
        if (shape.length > 1 && shape[shape.length - 1] != size && shape[shape.length - 1] != tensor.elementCount()) {
            throw RwkvFormatException.inTensor(file.path(), tensor.name(), "expected for " + key + " "
                    + shape[shape.length - 1] + ", the last dimension of this tensor, found " + size);
        }
        return reshaped(tensor, tensor.elementCount() / size, size);
    }

    private MappedTensor reshaped(MappedTensor tensor, long... shape) {
        return MappedTensor.contiguous(file, tensor.name(), tensor.dtype(), shape, tensor.byteOffset());
    }

    private void addMixes(String prefix, MappedTensor fused) {
        List<String> names = layout.fused();
        long[] shape = fused.shape();
        if (shape.length < 2 || shape[0] != names.size()) {
            throw RwkvFormatException.inTensor(file.path(), fused.name(),
                    "expected " + names.size() + " rows, found shape " + Arrays.toString(shape));
        }
        MappedTensor rows = reshaped(fused, names.size(), fused.elementCount() / names.size());
        for (int i = 0; i < names.size(); i++) {
            put(prefix + names.get(i), fused, rows.part(i));
        }
    }

    private void put(String own, MappedTensor tensor, StoredTensor view) {
        StoredTensor before = tensors.put(own, view);
        if (before != null) {
            throw RwkvFormatException.inTensor(file.path(), tensor.name(),
                    "expected each weight once, found this one in tensor " + before.name() + " too");
        }
    }

    /** The inverse, for error messages. */
    private String nameInFile(String own) {
        Tensor known = layout.byOwn(own);
        Matcher matcher = OWN_LAYER.matcher(own);
        if (known != null || !matcher.matches()) {
            return known == null ? own : known.file();
        }
        String prefix = GgufLayout.FILE_LAYER + matcher.group(1) + ".";
        known = layout.byOwn(matcher.group(2));
        boolean mix = layout.fused().contains(matcher.group(2));
        if (mix && (known == null || !gguf.tensors().containsKey(prefix + known.file()))) {
            return prefix + GgufLayout.FUSED_MIXES;
        }
        return known == null ? own : prefix + known.file();
    }
}
