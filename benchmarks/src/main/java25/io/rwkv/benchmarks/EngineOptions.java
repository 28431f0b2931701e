package io.rwkv.benchmarks;

/** What {@link EngineBenchmark} is asked to do. */
final class EngineOptions extends ComparisonOptions {
    private int promptTokens = 512;

    private EngineOptions() {
        super("engines", "rwkv7-0.1b,rwkv7-0.4b,rwkv7-1.5b,rwkv4-169m", "F32,F16,BF16,Q8_0,Q4_0", 0.8,
                "  --prompt N       tokens of the prompt; default 512\n");
    }

    static EngineOptions of(String[] args) {
        EngineOptions options = new EngineOptions();
        options.parse(args);
        return options;
    }

    @Override
    boolean take(String option, String value) {
        if (!option.equals("--prompt")) {
            return false;
        }
        promptTokens = positive(option, value);
        return true;
    }

    int promptTokens() {
        return promptTokens;
    }
}
