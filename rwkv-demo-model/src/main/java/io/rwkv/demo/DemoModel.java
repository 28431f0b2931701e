package io.rwkv.demo;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/**
 * A small RWKV-4 with its tokenizer, trained on WordNet's definitions and examples. It is good enough to try the library and to
 * test programs that use it; it cannot chat. It keeps best to its subject with temperature 1 and top-p 0.3. {@code tools/demo-model}
 * describes how it was made.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class DemoModel {
    private static final String CHECKPOINT = "rwkv4-wordnet.pth";
    private static final String TOKENIZER = "tokenizer.json";

    /** The temporary folder of the files copied out of a jar; null until there is one. */
    private static Path copies;

    private DemoModel() {
    }

    /**
     * The checkpoint as a file, with its tokenizer beside it, for {@code TextModel.open} or {@code Rwkv.open}. If this class is in
     * a jar, both files are first copied to a temporary folder, which is deleted when the JVM ends.
     *
     * @throws IOException if the copy cannot be written
     */
    public static Path checkpoint() throws IOException {
        tokenizer();
        return file(CHECKPOINT);
    }

    /**
     * The tokenizer as a file, for {@code Tokenizer.load}; copied as {@link #checkpoint()} is.
     *
     * @throws IOException if the copy cannot be written
     */
    public static Path tokenizer() throws IOException {
        return file(TOKENIZER);
    }

    private static Path file(String name) throws IOException {
        URL url = Objects.requireNonNull(DemoModel.class.getResource(name), name);
        if (url.getProtocol().equals("file")) {
            try {
                return Path.of(url.toURI());
            } catch (URISyntaxException e) {
                throw new IOException(e);
            }
        }
        synchronized (DemoModel.class) {
            if (copies == null || !Files.isDirectory(copies)) { // someone may have tidied up
                copies = Files.createTempDirectory("rwkv-demo-model");
                copies.toFile().deleteOnExit();
            }
            Path copy = copies.resolve(name);
            if (!Files.exists(copy)) {
                Path partial = copies.resolve(name + ".part");
                try {
                    try (InputStream in = url.openStream()) {
                        Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
                    }
                    Files.move(partial, copy);
                } finally {
                    Files.deleteIfExists(partial);
                }
                copy.toFile().deleteOnExit();
            }
            return copy;
        }
    }
}
