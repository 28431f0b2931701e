package io.rwkv.core;

/** The RWKV architectures that this library runs. */
public enum RwkvVersion {
    /** RWKV-4: Pile, Raven, World up to 14B. */
    V4("4"),
    /** RWKV-5, early form: without gate, one decay per head. */
    V5_0("5.0"),
    /** RWKV-5, middle form: with gate, one decay per head. */
    V5_1("5.1"),
    /** RWKV-5 "Eagle": with gate, one decay per channel. */
    V5_2("5.2"),
    /** RWKV-6 "Finch": token shift and decay depend on the input. */
    V6("6"),
    /** RWKV-7 "Goose": generalised delta rule. */
    V7("7"),
    /** RWKV-7 with "DeepEmbed": each token has a small matrix of its own in the channel mix. */
    V7A("7a");

    private final String number;

    RwkvVersion(String number) {
        this.number = number;
    }

    /** The version's number, such as {@code 5.2}. */
    public String number() {
        return number;
    }

    /** The version's name, such as {@code RWKV-5.2}. */
    @Override
    public String toString() {
        return "RWKV-" + number;
    }
}
