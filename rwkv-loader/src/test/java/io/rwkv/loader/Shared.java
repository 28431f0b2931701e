package io.rwkv.loader;

import org.junit.jupiter.api.Assumptions;

import java.nio.file.Files;
import java.nio.file.Path;

/** The folder of reference checkpoints, which is not part of the project. */
final class Shared {
    private Shared() {
    }

    /** Skips the running test, saying so, where the folder is missing. */
    static Path reference() {
        Assumptions.assumeTrue(isThere(), () -> "SKIPPED: no reference checkpoints in " + folder()
                + "; point -Drwkv.shared at the folder that holds reference/");
        return folder();
    }

    static boolean isThere() {
        return Files.isDirectory(folder());
    }

    private static Path folder() {
        return Path.of(System.getProperty("rwkv.shared", "../../shared")).resolve("reference");
    }
}
