package io.rwkv.loader.internal.gguf;

import io.rwkv.core.tensor.DType;

import java.util.Map;
import java.util.stream.Collectors;

/** The numbers by which GGUF files name tensors' element types. */
public final class GgufTypes {
    private static final Map<Integer, DType> TYPES = Map.ofEntries(Map.entry(0, DType.F32), Map.entry(1, DType.F16),
            Map.entry(2, DType.Q4_0), Map.entry(3, DType.Q4_1), Map.entry(6, DType.Q5_0), Map.entry(7, DType.Q5_1),
            Map.entry(8, DType.Q8_0), Map.entry(12, DType.Q4_K), Map.entry(13, DType.Q5_K), Map.entry(14, DType.Q6_K),
            Map.entry(24, DType.I8), Map.entry(25, DType.I16), Map.entry(26, DType.I32), Map.entry(27, DType.I64),
            Map.entry(28, DType.F64), Map.entry(30, DType.BF16));
    private static final Map<DType, Integer> NUMBERS = TYPES.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
    /** Those that are known but not read, for messages. */
    private static final Map<Integer, String> OTHERS = Map.ofEntries(Map.entry(9, "Q8_1"), Map.entry(10, "Q2_K"),
            Map.entry(11, "Q3_K"), Map.entry(15, "Q8_K"), Map.entry(16, "IQ2_XXS"), Map.entry(17, "IQ2_XS"),
            Map.entry(18, "IQ3_XXS"), Map.entry(19, "IQ1_S"), Map.entry(20, "IQ4_NL"), Map.entry(21, "IQ3_S"),
            Map.entry(22, "IQ2_S"), Map.entry(23, "IQ4_XS"), Map.entry(29, "IQ1_M"), Map.entry(34, "TQ1_0"),
            Map.entry(35, "TQ2_0"), Map.entry(39, "MXFP4"));

    private GgufTypes() {
    }

    /** The type, or null if it is none that this library reads. */
    static DType of(long number) {
        return number > Byte.MAX_VALUE ? null : TYPES.get((int) number);
    }

    static int number(DType type) {
        return NUMBERS.get(type);
    }

    static String describe(long number) {
        String name = number > Byte.MAX_VALUE ? null : OTHERS.get((int) number);
        return name == null ? "number " + number : name;
    }

    /** What is read, for messages. */
    static String all() {
        return TYPES.entrySet().stream().sorted(Map.Entry.comparingByKey()).map(e -> e.getValue().name())
                .collect(Collectors.joining(", "));
    }
}
