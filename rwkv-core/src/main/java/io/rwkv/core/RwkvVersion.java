package io.rwkv.core;

/** The released RWKV architectures that this library runs. */
public enum RwkvVersion {
    /** RWKV-4: Pile, Raven, World up to 14B. */
    V4("4");

    private final String number;

    RwkvVersion(String number) {
        this.number = number;
    }

    /** The number as people write it, such as {@code 4}. */
    public String number() {
        return number;
    }

    /** Such as {@code RWKV-4}. */
    @Override
    public String toString() {
        return "RWKV-" + number;
    }
}
