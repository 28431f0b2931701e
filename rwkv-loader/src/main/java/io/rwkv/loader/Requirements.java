package io.rwkv.loader;

import io.rwkv.core.RwkvVersion;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tensors that each version needs, with their shapes. A line is a name and its dimensions: V, C, F, H and N stand for
 * what {@link io.rwkv.core.RwkvConfig} says, N for channels per head; a small letter for a rank, which each layer is free to
 * choose; {@code 5*m} for five times the rank m. Where two names are divided by a bar, either will do.
 */
final class Requirements {
    /**
     * One tensor.
     *
     * @param names as in the file, below {@code blocks.N.} for a layer's tensor
     * @param dimensions as in the table
     */
    record Tensor(List<String> names, List<String> dimensions) {
        private static Tensor parse(String line) {
            String[] words = line.split(" +");
            return new Tensor(List.of(words[0].split("\\|")), List.of(words).subList(1, words.length));
        }

        /** Whether the shape has a length that the model's configuration does not say. */
        boolean hasRank() {
            return dimensions.stream().anyMatch(d -> rank(d) != 0);
        }

        /** The letter of the rank that a dimension is made of, or 0. */
        static char rank(String dimension) {
            char last = dimension.charAt(dimension.length() - 1);
            return Character.isLowerCase(last) ? last : 0;
        }
    }

    private static final List<String> MODEL = List.of("emb.weight V C", "blocks.0.ln0.weight C", "blocks.0.ln0.bias C",
            "ln_out.weight C", "ln_out.bias C", "head.weight V C");

    private static final List<String> NORMS = List.of("ln1.weight C", "ln1.bias C", "ln2.weight C", "ln2.bias C");
    private static final List<String> PROJECTIONS = List.of("att.receptance.weight C C", "att.key.weight C C",
            "att.value.weight C C", "att.output.weight C C");
    private static final List<String> HEAD_NORM = List.of("att.ln_x.weight C", "att.ln_x.bias C");
    private static final List<String> SHIFT = List.of("att.time_mix_r C", "att.time_mix_k C", "att.time_mix_v C",
            "ffn.time_mix_r C", "ffn.time_mix_k C");
    private static final List<String> FFN = List.of("ffn.key.weight F C", "ffn.value.weight C F");
    private static final List<String> FFN_GATE = List.of("ffn.receptance.weight C C");
    private static final List<String> GATE = List.of("att.gate.weight C C");
    private static final List<String> GATE_SHIFT = List.of("att.time_mix_g C");

    private static final List<String> ONLY4 = List.of("att.time_decay C", "att.time_first C");
    private static final List<String> ONLY5_0 = List.of("att.time_decay H", "att.time_first|att.time_faaaa H");
    private static final List<String> ONLY5_1 = List.of("att.time_decay H", "att.time_faaaa|att.time_first H");
    // Not time_first: its exponential would be taken, which is wrong for the files that call time_faaaa so.
    private static final List<String> ONLY5_2 = List.of("att.time_decay H N", "att.time_faaaa H N");
    private static final List<String> ONLY6 = List.of("att.time_maa_x C", "att.time_maa_w C", "att.time_maa_k C",
            "att.time_maa_v C", "att.time_maa_r C", "att.time_maa_g C", "att.time_maa_w2 5 m C",
            "att.time_maa_w1 C 5*m", "att.time_decay C", "att.time_decay_w1 C d", "att.time_decay_w2 d C",
            "att.time_faaaa H N", "ffn.time_maa_r C", "ffn.time_maa_k C");
    private static final List<String> ONLY7 = List.of("att.x_r C", "att.x_w C", "att.x_k C", "att.x_v C", "att.x_a C",
            "att.x_g C", "att.w0 C", "att.w1 C w", "att.w2 w C", "att.a0 C", "att.a1 C a", "att.a2 a C", "att.g1 C g",
            "att.g2 g C", "att.k_k C", "att.k_a C", "att.r_k H N", "ffn.x_k C");
    private static final List<String> ONLY7A = List.of("ffn.s0 F", "ffn.s1 C s", "ffn.s2 s F", "ffn.s_emb.weight V s*s",
            "ffn.s_emb_x.weight s*s C");
    /** The first layer's value is the one that the others mix in; a checkpoint may still have these for it, unused. */
    private static final List<String> LATER7 = List.of("att.v0 C", "att.v1 C v", "att.v2 v C");

    private static final Map<RwkvVersion, List<Tensor>> LAYER = new EnumMap<>(RwkvVersion.class);
    private static final Set<Tensor> LATER = new HashSet<>(parse(LATER7));
    private static final Set<String> KNOWN = new HashSet<>();

    static {
        put(RwkvVersion.V4, SHIFT, ONLY4, FFN_GATE);
        put(RwkvVersion.V5_0, SHIFT, ONLY5_0, FFN_GATE, HEAD_NORM);
        put(RwkvVersion.V5_1, SHIFT, ONLY5_1, FFN_GATE, HEAD_NORM, GATE, GATE_SHIFT);
        put(RwkvVersion.V5_2, SHIFT, ONLY5_2, FFN_GATE, HEAD_NORM, GATE, GATE_SHIFT);
        put(RwkvVersion.V6, ONLY6, FFN_GATE, HEAD_NORM, GATE);
        put(RwkvVersion.V7, ONLY7, LATER7, HEAD_NORM);
        put(RwkvVersion.V7A, ONLY7, LATER7, HEAD_NORM, ONLY7A);
    }

    private Requirements() {
    }

    @SafeVarargs
    private static void put(RwkvVersion version, List<String>... groups) {
        List<Tensor> tensors = new ArrayList<>(parse(NORMS));
        tensors.addAll(parse(PROJECTIONS));
        for (List<String> group : groups) {
            tensors.addAll(parse(group));
        }
        tensors.addAll(parse(FFN));
        tensors.forEach(t -> KNOWN.addAll(t.names));
        LAYER.put(version, Collections.unmodifiableList(tensors));
    }

    private static List<Tensor> parse(List<String> lines) {
        return lines.stream().map(Tensor::parse).toList();
    }

    /** The tensors that a model has once, under their whole names. */
    static List<Tensor> ofModel() {
        return parse(MODEL);
    }

    /** The tensors of one layer. */
    static List<Tensor> ofLayer(RwkvVersion version, int layer) {
        List<Tensor> tensors = LAYER.get(version);
        return layer == 0 ? tensors.stream().filter(t -> !LATER.contains(t)).toList() : tensors;
    }

    /**
     * How far a checkpoint is from a version: the number of tensors it would lack in all layers, and of tensors it has that
     * belong to other versions only.
     *
     * @param names below {@code blocks.N.}, of all layers together
     */
    static int distance(RwkvVersion version, Set<String> names) {
        List<Tensor> needed = LAYER.get(version);
        Set<String> used = new HashSet<>();
        needed.forEach(t -> used.addAll(t.names));
        long foreign = names.stream().filter(n -> KNOWN.contains(n) && !used.contains(n)).count();
        return missing(version, names) + (int) foreign;
    }

    private static int missing(RwkvVersion version, Set<String> names) {
        return (int) LAYER.get(version).stream().filter(t -> Collections.disjoint(t.names, names)).count();
    }

    /** Whether so little of a version is there that to list what it lacks would help nobody. */
    static boolean mostlyMissing(RwkvVersion version, Set<String> names) {
        return 2 * missing(version, names) > LAYER.get(version).size();
    }

    /** All versions, the later ones first: of two that are equally far, what is there tells more than what is not. */
    static List<RwkvVersion> versions() {
        List<RwkvVersion> versions = new ArrayList<>(Arrays.asList(RwkvVersion.values()));
        Collections.reverse(versions);
        return versions;
    }
}
