package io.rwkv.core;

/** The RWKV architectures that this library runs. */
public enum RwkvVersion {
    /** RWKV-4: Pile, Raven, World up to 14B. */
    V4("4", false),
    /** RWKV-5, early form: without gate, one decay per head. */
    V5_0("5.0", true),
    /** RWKV-5, middle form: with gate, one decay per head. */
    V5_1("5.1", true),
    /** RWKV-5 "Eagle": with gate, one decay per channel. */
    V5_2("5.2", true),
    /** RWKV-6 "Finch": token shift and decay depend on the input. */
    V6("6", true),
    /** RWKV-7 "Goose": generalised delta rule. */
    V7("7", true),
    /** RWKV-7 with "DeepEmbed": each token has a small matrix of its own in the channel mix. */
    V7A("7a", true);

    private final String number;
    private final boolean hasHeads;

    RwkvVersion(String number, boolean hasHeads) {
        this.number = number;
        this.hasHeads = hasHeads;
    }

    /** The version's number, such as {@code 5.2}. */
    public String number() {
        return number;
    }

    /** Whether the time mix divides the channels into heads, each of which has a matrix as its state. */
    public boolean hasHeads() {
        return hasHeads;
    }

    /** The version's name, such as {@code RWKV-5.2}. */
    @Override
    public String toString() {
        return "RWKV-" + number;
    }
}
