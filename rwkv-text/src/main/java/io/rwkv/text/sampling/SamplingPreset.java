package io.rwkv.text.sampling;

/**
 * Options of others for RWKV-7 G1 and World models, to begin with: {@code SamplingPreset.CHAT.options().toBuilder()}. All have the
 * order {@link SamplingOrder#RWKV}, and count digits and blanks as all other tokens. What is not named is off.
 */
public enum SamplingPreset {
    /**
     * Answers in a chat: temperature 1, top-p 0.5, top-k 500, presence penalty 1, frequency penalty 0.1, decay 0.99. From Albatross,
     * RWKV's own fast inference engine.
     */
    CHAT(SamplingOptions.builder().topP(0.5).topK(500).presencePenalty(1).frequencyPenalty(0.1).penaltyDecay(0.99)),

    /**
     * Answers that begin with a thought: temperature 1, top-p 0.3, presence penalty 0.5, frequency penalty 0.5, decay 0.996. From the
     * chat demo of ChatRWKV.
     */
    THINKING(SamplingOptions.builder().topP(0.3).presencePenalty(0.5).frequencyPenalty(0.5).penaltyDecay(0.996)),

    /** Answers after an empty thought ({@code <think></think>}): temperature 1, top-p 0.28, top-k 32. From rwkv-rs. */
    SKIPPED_THINKING(SamplingOptions.builder().topP(0.28).topK(32)),

    /** Calls of tools: temperature 0.96, top-p 0.76, top-k 32. From rwkv-rs. */
    TOOLS(SamplingOptions.builder().temperature(0.96).topP(0.76).topK(32)),

    /**
     * Stories: temperature 0.6, top-p 0.8, presence penalty 2, frequency penalty 0.2, decay 0.99. From the guide on rwkv.cn.
     */
    CREATIVE(SamplingOptions.builder().temperature(0.6).topP(0.8).presencePenalty(2).frequencyPenalty(0.2)
            .penaltyDecay(0.99)),

    /** Facts, translations: temperature 0.3, top-p 0.3, decay 0.99. From the guide on rwkv.cn. */
    CONSERVATIVE(SamplingOptions.builder().temperature(0.3).topP(0.3).penaltyDecay(0.99));

    private final SamplingOptions options;

    SamplingPreset(SamplingOptions.Builder builder) {
        options = builder.order(SamplingOrder.RWKV).build();
    }

    /** The options. */
    public SamplingOptions options() {
        return options;
    }
}
