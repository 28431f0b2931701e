package io.rwkv.core;

/** Run in a JVM of its own that has no module {@code jdk.jfr}: loads a model and reads tokens. */
public final class WithoutFlightRecorder {
    private WithoutFlightRecorder() {
    }

    /** @param args none */
    public static void main(String[] args) {
        if (ModuleLayer.boot().findModule("jdk.jfr").isPresent()) {
            throw new AssertionError("jdk.jfr is there");
        }
        try (RwkvModel model = Golden.of(RwkvVersion.V7).model()) {
            float[] logits = model.logits(new int[]{1, 2, 3}, model.newState());
            System.out.println(logits.length + " logits without jdk.jfr");
        }
    }
}
