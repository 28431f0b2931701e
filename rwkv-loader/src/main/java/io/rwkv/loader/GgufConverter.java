package io.rwkv.loader;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.AtomicFiles;
import io.rwkv.core.internal.model.ModelTensors;
import io.rwkv.core.internal.model.TensorSpec;
import io.rwkv.core.internal.model.TunedStates;
import io.rwkv.core.internal.model.Versions;
import io.rwkv.core.internal.tensor.Transposed;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.gguf.GgufFile;
import io.rwkv.loader.internal.gguf.GgufTokenizer;
import io.rwkv.loader.internal.gguf.GgufWriter;
import io.rwkv.loader.internal.names.GgufDimensions;
import io.rwkv.loader.internal.names.GgufLayout;
import io.rwkv.loader.internal.names.GgufLayout.Kind;
import io.rwkv.loader.internal.names.GgufLayout.Rank;
import io.rwkv.loader.internal.names.GgufLayout.Tensor;
import io.rwkv.loader.internal.names.GgufNames;
import io.rwkv.tokenizer.Tokenizer;
import io.rwkv.tokenizer.WorldTokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Converts checkpoints to <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a> files of version 3, with
 * fewer bits per weight if wanted, and with the tokenizer inside.
 *
 * <p><b>Names.</b> RWKV-6 and RWKV-7 are written as llama.cpp's own converter writes them, for all programs that use llama.cpp.
 * llama.cpp does not run other versions. These get architecture names of this library ({@code rwkv4}, {@code rwkv5_0},
 * {@code rwkv5_1}, {@code rwkv5_2}, {@code rwkv7a}), and tensors with the names and shapes of RWKV's own checkpoints.
 *
 * <p><b>Types.</b> The type that the caller asks for is the type of the large matrices. Other tensors may get another one:
 * <ul>
 * <li>Vectors, and small parameters like them, are always F32.
 * <li>The small matrices of low-rank maps are F32 or BF16 if that is asked for, else F16.
 * <li>The embedding table is Q8_0 if Q4_0 is asked for.
 * <li>A matrix whose rows are not whole blocks is F16 if Q8_0 or Q4_0 is asked for.
 * </ul>
 * A tensor that already has the type it gets is copied bit for bit.
 *
 * <p><b>Tuned states.</b> A tuned initial state inside an RWKV-6 or RWKV-7 checkpoint is written as
 * {@code blk.N.time_mix_state.weight}, which this library reads. llama.cpp does not have this tensor and refuses such a file.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class GgufConverter {
    /** The types that weights are written in, with the numbers that llama.cpp gives to files of which most weights have them. */
    private static final Map<DType, Integer> FILE_TYPES = Collections.unmodifiableMap(new EnumMap<>(
            Map.of(DType.F32, 0, DType.F16, 1, DType.Q4_0, 2, DType.Q8_0, 7, DType.BF16, 32)));
    private static final int QUANTIZATION_VERSION = 2;
    /** There is no limit; this is what llama.cpp's converter says. */
    private static final int CONTEXT_LENGTH = 1 << 20;
    private static final String TURN_END = "\n\n"; // of a World model's dialogue

    private final TensorFile checkpoint;
    private final RwkvConfig config;
    private final TensorFile tensors; // of the checkpoint, without those that nothing reads
    private final DType type;
    private final String architecture;
    private final GgufWriter writer;

    private GgufConverter(TensorFile checkpoint, DType type) {
        this.checkpoint = checkpoint;
        this.config = Architecture.detect(checkpoint);
        this.tensors = ModelTensors.of(checkpoint, config);
        TunedStates.check(tensors, config);
        this.type = type;
        this.architecture = Versions.of(config.version()).ggufArchitecture();
        this.writer = new GgufWriter(checkpoint.path());
    }

    /** The types that can be asked for: F32, F16, BF16, Q8_0 and Q4_0. Unmodifiable. */
    public static Set<DType> types() {
        return FILE_TYPES.keySet();
    }

    /**
     * Writes a checkpoint as a GGUF file. Needs far less memory than the model's size. The file is first written next to its
     * final place and then moved there: an existing file is replaced as a whole or not at all.
     *
     * <p>All tensors are written, except those that no model uses (see {@link Architecture#detect(TensorFile)}). A checkpoint with
     * tensors that its version does not have is refused.
     *
     * @param checkpoint as {@link Checkpoints#open(Path)} returns it
     * @param out the file to write
     * @param type one of {@link #types()}
     * @param tokenizer a World vocabulary or a {@code tokenizer.json} to put into the file. Null for the tokenizer inside the
     *         checkpoint, if it is a GGUF file that holds one, else for none
     * @param progress is told how many bytes of weights are written, several times for each tensor, in the calling thread
     * @throws RwkvFormatException if the checkpoint is not a well-formed RWKV checkpoint, or if it has weights that the type
     *         cannot hold, such as NaN in blocks, or a tuned state that is not finite
     * @throws IllegalArgumentException if {@code type} is none of {@link #types()}, or if the tokenizer has more tokens than the
     *         model
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer is damaged
     * @throws IOException if a file cannot be read or written; an existing file is then as before
     */
    public static void convert(TensorFile checkpoint, Path out, DType type, Path tokenizer, LoadProgress progress)
            throws IOException {
        Objects.requireNonNull(progress, "progress");
        if (!FILE_TYPES.containsKey(type)) {
            throw new IllegalArgumentException("expected a type among " + FILE_TYPES.keySet() + ", found " + type);
        }
        AtomicFiles.target(out); // before long work
        GgufConverter converter = new GgufConverter(checkpoint, type);
        converter.describe(out);
        converter.addTokenizer(tokenizer);
        GgufLayout layout = GgufLayout.of(converter.config.version());
        if (layout == null) {
            converter.addAsTheyAre();
        } else {
            converter.addAll(layout);
        }
        converter.writer.write(out, progress);
    }

    private void describe(Path out) {
        String name = out.getFileName().toString();
        writer.text("general.architecture", architecture).text("general.type", "model")
                .text("general.name", name.endsWith(".gguf") ? name.substring(0, name.length() - 5) : name)
                .integer("general.file_type", FILE_TYPES.get(type));
        if (type.blockLength() > 1) {
            writer.integer("general.quantization_version", QUANTIZATION_VERSION);
        }
        integer("vocab_size", config.vocabularySize());
        integer("context_length", CONTEXT_LENGTH);
        integer("embedding_length", config.width());
        integer("block_count", config.layers());
        integer("feed_forward_length", config.ffnWidth());
        integer("attention.head_count", 0); // llama.cpp wants the key and does not use it
        integer("token_shift_count", GgufDimensions.TOKEN_SHIFTS);
        writer.real(architecture + ".attention.layer_norm_epsilon", GgufNames.NORM_EPSILON);
        if (config.heads() > 0) {
            integer("wkv.head_size", config.headSize());
        }
        GgufLayout layout = GgufLayout.of(config.version());
        if (layout != null) {
            if (layout.isRescaled()) {
                integer(GgufLayout.RESCALING, 0);
            }
            layout.ranks().forEach(rank -> integer(rank.key(), length(rank)));
        }
    }

    private void integer(String key, long value) {
        writer.integer(architecture + "." + key, value);
    }

    /** A rank of a tensor that not all layers need to have. */
    private long length(Rank rank) {
        long found = -1;
        for (int layer = 0; layer < config.layers(); layer++) {
            String name = own(layer, rank.own());
            long length = tensors.contains(name) ? tensors.tensor(name).shape()[rank.dimension()] : found;
            if (found >= 0 && length != found) {
                throw RwkvFormatException.inTensor(checkpoint.path(), checkpoint.nameInFile(name),
                        "expected the rank " + found
                                + " of the layers before, which GGUF files have in all layers, found " + length);
            }
            found = length;
        }
        return found >= 0 ? found : tensors.tensor(own(0, GgufLayout.standIn(rank.own()))).shape()[rank.dimension()];
    }

    private static String own(int layer, String name) {
        return GgufLayout.OWN_LAYER + layer + "." + name;
    }

    private void addTokenizer(Path file) throws IOException {
        Tokenizer tokenizer = file != null
                ? Tokenizer.load(file)
                : Tokenizers.inCheckpoint(checkpoint).orElse(null);
        if (tokenizer != null && tokenizer.vocabularySize() > config.vocabularySize()) {
            throw new IllegalArgumentException(
                    (file == null ? checkpoint.path() : file) + ": expected a tokenizer of at most "
                            + config.vocabularySize() + " tokens, found " + tokenizer.vocabularySize());
        }
        if (tokenizer instanceof WorldTokenizer world) {
            addWorld(world);
            return;
        }
        writer.text(GgufTokenizer.MODEL, GgufTokenizer.NO_MODEL);
        if (tokenizer != null) {
            byte[] json = file != null
                    ? Files.readAllBytes(file)
                    : checkpoint.directory(GgufFile.class).flatMap(GgufTokenizer::json).orElseThrow();
            writer.text(GgufTokenizer.JSON, json);
        }
    }

    private void addWorld(WorldTokenizer world) {
        List<String> tokens = new ArrayList<>();
        List<Integer> types = new ArrayList<>();
        tokens.add("<s>");
        types.add(GgufTokenizer.CONTROL);
        for (int id = 1; id < config.vocabularySize(); id++) {
            byte[] token = id < world.vocabularySize() ? world.token(id).orElse(null) : null;
            tokens.add(token == null ? GgufTokenizer.padding(id) : GgufTokenizer.escape(token));
            types.add(token == null ? GgufTokenizer.UNUSED : GgufTokenizer.NORMAL);
        }
        writer.text(GgufTokenizer.MODEL, GgufTokenizer.WORLD_MODEL).texts(GgufTokenizer.TOKENS, tokens)
                .integers(GgufTokenizer.TYPES, types);
        writer.integer("tokenizer.ggml.bos_token_id", 0)
                .integer(GgufTokenizer.END_OF_TEXT, world.endOfText().orElseThrow());
        OptionalInt turnEnd = world.idOf(TURN_END);
        if (turnEnd.isPresent()) {
            writer.integer("tokenizer.ggml.eot_token_id", turnEnd.getAsInt());
        }
    }

    private void addAll(GgufLayout layout) {
        for (Tensor tensor : layout.model()) {
            add(tensor, tensor.file(), tensor.own());
        }
        for (int layer = 0; layer < config.layers(); layer++) {
            String prefix = GgufLayout.FILE_LAYER + layer + ".";
            List<StoredTensor> mixes = new ArrayList<>();
            for (String mix : layout.fused()) {
                mixes.add(tensors.tensor(own(layer, mix), config.width()));
            }
            writer.tensor(prefix + GgufLayout.FUSED_MIXES, DType.F32,
                    new long[]{mixes.size(), 1, 1, config.width()}, mixes);
            for (Tensor tensor : layout.layer()) {
                boolean there = tensor.kind() != Kind.STATE || tensors.contains(own(layer, tensor.own()));
                if (there && !layout.fused().contains(tensor.own())) {
                    add(tensor, prefix + tensor.file(),
                            own(layer, layer == 0 ? GgufLayout.standIn(tensor.own()) : tensor.own()));
                }
            }
        }
    }

    private void add(Tensor tensor, String name, String own) {
        StoredTensor source = tensors.tensor(own);
        if (tensor.kind() == Kind.SMALL) {
            source = Transposed.of(source);
        }
        long[] shape = tensor.own().equals("att.time_faaaa")
                ? new long[]{config.heads(), config.headSize()}
                : tensor.kind() == Kind.VECTOR ? new long[]{config.width()} : source.shape();
        writer.tensor(name, type(tensor.kind(), shape), shape, List.of(source));
    }

    private void addAsTheyAre() {
        for (String name : tensors.names()) {
            StoredTensor tensor = tensors.tensor(name);
            long[] shape = tensor.shape();
            writer.tensor(name, type(kind(name), shape), shape, List.of(tensor));
        }
    }

    private Kind kind(String name) {
        TensorSpec tensor = Versions.of(config.version()).tensors().spec(name);
        if (tensor.table()) {
            return Kind.TABLE;
        }
        if (tensor.hasRank()) {
            return tensor.dimensions().size() > 1 ? Kind.SMALL : Kind.VECTOR;
        }
        return name.endsWith(".weight") && tensor.dimensions().size() == 2 ? Kind.MATRIX : Kind.VECTOR;
    }

    private DType type(Kind kind, long[] shape) {
        DType wanted = switch (kind) {
            case MATRIX -> type;
            case TABLE -> type == DType.Q4_0 ? DType.Q8_0 : type;
            case SMALL -> type.blockLength() > 1 ? DType.F16 : type;
            case VECTOR, STATE -> DType.F32;
        };
        return wanted.blockLength() == 1 || shape[shape.length - 1] % wanted.blockLength() == 0
                ? wanted
                : DType.F16;
    }
}
