package io.rwkv.core;

/** The released RWKV architectures, all of which this library runs. */
public enum RwkvVersion {
    /** RWKV-4: Pile, Raven, World up to 14B. */
    V4("4"),
    /** RWKV-5 without gate, one decay per head. */
    V5_0("5.0"),
    /** RWKV-5 with gate, one decay per head. */
    V5_1("5.1"),
    /** RWKV-5 "Eagle": with gate, a decay for each channel. */
    V5_2("5.2"),
    /** RWKV-6 "Finch": shift and decay depend on the data. */
    V6("6"),
    /** RWKV-7 "Goose": generalised delta rule. */
    V7("7"),
    /** RWKV-7 with "DeepEmbed": a small matrix of each token's own in the channel mix. */
    V7A("7a");

    private final String number;

    RwkvVersion(String number) {
        this.number = number;
    }

    /** The number as people write it, such as {@code 5.2}. */
    public String number() {
        return number;
    }

    /** Such as {@code RWKV-5.2}. */
    @Override
    public String toString() {
        return "RWKV-" + number;
    }
}
