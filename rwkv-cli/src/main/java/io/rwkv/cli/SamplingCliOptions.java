package io.rwkv.cli;

import io.rwkv.text.sampling.SamplingOptions;
import io.rwkv.text.sampling.SamplingOrder;
import io.rwkv.text.sampling.SamplingPreset;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** How tokens are chosen, for every command that generates. What is not given stays as the model's defaults have it. */
final class SamplingCliOptions {
    /** Names as other programs have them. */
    static final class OrderConverter implements ITypeConverter<SamplingOrder> {
        @Override
        public SamplingOrder convert(String text) {
            try {
                return order(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    static final class PresetConverter implements ITypeConverter<SamplingPreset> {
        @Override
        public SamplingPreset convert(String text) {
            return Arrays.stream(SamplingPreset.values()).filter(preset -> name(preset).equals(text)).findFirst()
                    .orElseThrow(() -> new TypeConversionException("expected one of "
                            + Arrays.stream(SamplingPreset.values()).map(PresetConverter::name).toList() + ", found "
                            + text));
        }

        private static String name(SamplingPreset preset) {
            return preset.name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Option(names = "--preset", paramLabel = "NAME", converter = PresetConverter.class, description = "Begins with the options that others recommend for RWKV-7 G1 and World models: chat, thinking, skipped-thinking, tools, creative or conservative.")
    private SamplingPreset preset;

    @Option(names = "--order", paramLabel = "NAME", converter = OrderConverter.class, description = "rwkv_pip: top-p, top-k, temperature. temperature_first: temperature, top-k, top-p, min-p, typical-p. llama_cpp: top-k, typical-p, top-p, min-p, temperature. Default: temperature_first; presets have rwkv_pip.")
    private SamplingOrder order;

    @Option(names = "--temperature", paramLabel = "X", description = "0 always takes the likeliest token.")
    private Double temperature;

    @Option(names = "--top-p", paramLabel = "X", description = "Keeps the likeliest tokens that together have this probability.")
    private Double topP;

    @Option(names = "--top-k", paramLabel = "N", description = "Keeps the likeliest so many tokens; 0 keeps all.")
    private Integer topK;

    @Option(names = "--min-p", paramLabel = "X", description = "Keeps tokens with at least this part of the likeliest one's probability.")
    private Double minP;

    @Option(names = "--typical-p", paramLabel = "X", description = "Keeps the tokens of the most usual surprise that together have this probability.")
    private Double typicalP;

    @Option(names = "--mirostat-tau", paramLabel = "X", description = "Mirostat 2 aims at this surprise, in bits, and decides how many tokens are kept, in place of the defaults' top-k, top-p, min-p and typical-p.")
    private Double mirostatTau;

    @Option(names = "--mirostat-eta", paramLabel = "X", description = "How fast mirostat learns. Default: 0.1.")
    private Double mirostatEta;

    @Option(names = "--presence-penalty", paramLabel = "X", description = "Takes this off the logits of tokens already chosen.")
    private Double presencePenalty;

    @Option(names = "--frequency-penalty", paramLabel = "X", description = "Takes this off the logits of tokens for each time they were chosen.")
    private Double frequencyPenalty;

    @Option(names = "--penalty-decay", paramLabel = "X", description = "Multiplies by this how often tokens were chosen, after each token.")
    private Double penaltyDecay;

    @Option(names = "--exempt-digits-and-blanks", description = "Digits and single blanks do not count as chosen once more.")
    private Boolean exemptDigitsAndBlanks;

    @Option(names = "--repetition-penalty", paramLabel = "X", description = "Divides by this the logits of the last tokens chosen; multiplies negative ones.")
    private Double repetitionPenalty;

    @Option(names = "--repetition-window", paramLabel = "N", description = "How many last tokens these are. Default: 64.")
    private Integer repetitionWindow;

    @Option(names = "--logit-bias", paramLabel = "ID=X", split = ",", description = "Adds to the logits of tokens.")
    private Map<Integer, Double> logitBias;

    @Option(names = "--ban", paramLabel = "ID", split = ",", description = "Tokens that are never chosen.")
    private List<Integer> ban;

    @Option(names = "--ban-string", paramLabel = "TEXT", description = "The new text never contains this. May be given several times.")
    private List<String> banStrings;

    @Option(names = "--seed", paramLabel = "N", description = "Makes the choice repeatable.")
    private Long seed;

    /** The options given, in place of these. */
    SamplingOptions changed(SamplingOptions defaults) {
        SamplingOptions.Builder options = (preset == null ? defaults : preset.options()).toBuilder();
        if (mirostatTau != null) {
            options.topK(0).topP(1).minP(0).typicalP(1)
                    .mirostat(mirostatTau, mirostatEta == null ? 0.1 : mirostatEta);
        } else if (mirostatEta != null) {
            throw new IllegalArgumentException("--mirostat-eta: expected --mirostat-tau beside it");
        }
        if (repetitionWindow != null && repetitionPenalty == null) {
            throw new IllegalArgumentException("--repetition-window: expected --repetition-penalty beside it");
        }
        SamplingOrder before = (preset == null ? defaults : preset.options()).order();
        if (order == null && before == SamplingOrder.RWKV && (minP != null || typicalP != null)) {
            throw new IllegalArgumentException((minP != null ? "--min-p" : "--typical-p")
                    + ": expected none beside the order rwkv_pip, which the preset has; add --order temperature_first");
        }
        set(order, options::order);
        set(temperature, options::temperature);
        set(topP, options::topP);
        set(topK, options::topK);
        set(minP, options::minP);
        set(typicalP, options::typicalP);
        set(presencePenalty, options::presencePenalty);
        set(frequencyPenalty, options::frequencyPenalty);
        set(penaltyDecay, options::penaltyDecay);
        set(exemptDigitsAndBlanks, options::exemptDigitsAndBlanks);
        set(repetitionPenalty, options::repetitionPenalty);
        set(repetitionWindow, options::repetitionWindow);
        set(logitBias, options::logitBias);
        set(ban, options::bannedTokens);
        set(banStrings, options::bannedStrings);
        set(seed, options::seed);
        return options.build();
    }

    private static <T> void set(T value, Consumer<T> option) {
        if (value != null) {
            option.accept(value);
        }
    }

    /** The order of this name. */
    static SamplingOrder order(String name) {
        return switch (name) {
            case "rwkv_pip" -> SamplingOrder.RWKV;
            case "temperature_first" -> SamplingOrder.TEMPERATURE_FIRST;
            case "llama_cpp" -> SamplingOrder.LLAMA_CPP;
            default -> throw new IllegalArgumentException(
                    "expected rwkv_pip, temperature_first or llama_cpp, found " + name);
        };
    }

    /** What is not off, in words. */
    static String describe(SamplingOptions options) {
        List<String> words = new ArrayList<>();
        words.add("temperature " + options.temperature());
        add(words, options.topK() > 0, "top-k " + options.topK());
        add(words, options.topP() < 1, "top-p " + options.topP());
        add(words, options.minP() > 0, "min-p " + options.minP());
        add(words, options.typicalP() < 1, "typical-p " + options.typicalP());
        options.mirostatTau().ifPresent(tau -> words.add("mirostat tau " + tau + ", eta " + options.mirostatEta()));
        add(words, options.presencePenalty() != 0, "presence penalty " + options.presencePenalty());
        add(words, options.frequencyPenalty() != 0, "frequency penalty " + options.frequencyPenalty());
        add(words, options.presencePenalty() != 0 || options.frequencyPenalty() != 0,
                "penalty decay " + options.penaltyDecay());
        add(words, options.repetitionPenalty() != 1, "repetition penalty " + options.repetitionPenalty() + " on "
                + options.repetitionWindow() + " tokens");
        add(words, options.order() != SamplingOrder.TEMPERATURE_FIRST,
                options.order() == SamplingOrder.RWKV ? "order rwkv_pip" : "order llama_cpp");
        return String.join(", ", words);
    }

    private static void add(List<String> words, boolean said, String word) {
        if (said) {
            words.add(word);
        }
    }
}
