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
        Path folder = Path.of(System.getProperty("rwkv.shared", "../../shared")).resolve("reference");
        Assumptions.assumeTrue(Files.isDirectory(folder), () -> "SKIPPED: no reference checkpoints in " + folder
                + "; point -Drwkv.shared at the folder that holds reference/");
        return folder;
    }
}
