package io.rwkv.loader;

import io.rwkv.core.internal.tensor.MappedFile;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Where a checkpoint comes from: a file, the class path, or a stream.
 *
 * <pre>{@code
 * try (RwkvModel model = Rwkv.open(CheckpointSource.classPath(App.class, "/model.gguf"))) { … }
 * }</pre>
 *
 * A checkpoint that is not a file of its own (it is in a jar, or comes from a stream) is copied to a temporary file when it is
 * opened. That file is as large as the checkpoint and only its owner can read it. It is in the folder that the system property
 * {@code java.io.tmpdir} names. On Linux and macOS it is deleted at once, while the model goes on reading it; on Windows it is
 * deleted when the JVM ends.
 *
 * <p>Immutable and safe for any number of threads. May be opened many times, except {@link #stream}, which can be opened once.
 */
public final class CheckpointSource {
    /** Maps it, or a copy. */
    private interface Opener {
        MappedFile open() throws IOException;
    }

    private final String description;
    private final Opener opener;

    private CheckpointSource(String description, Opener opener) {
        this.description = description;
        this.opener = opener;
    }

    /** A file of any file system. If the file system cannot map files, as that of a zip, the file is copied. */
    public static CheckpointSource path(Path file) {
        Objects.requireNonNull(file, "file");
        return new CheckpointSource(file.toString(), () -> MappedFile.open(file));
    }

    /**
     * A resource, found by {@link Class#getResource}. It is copied, unless it is a file already because the class path has a
     * folder.
     *
     * @param anchor a class of the module or jar that holds the resource
     * @param resource the name: relative to the root of the class path if it begins with {@code /}, else relative to the package
     *        of {@code anchor}
     */
    public static CheckpointSource classPath(Class<?> anchor, String resource) {
        Objects.requireNonNull(anchor, "anchor");
        Objects.requireNonNull(resource, "resource");
        return new CheckpointSource("resource " + resource + " of " + anchor.getName(),
                () -> openResource(anchor, resource));
    }

    /**
     * A stream. It is read when the checkpoint is opened. A source of this kind can be opened once; opening it again is an
     * {@link IllegalStateException}.
     *
     * @param in at the checkpoint's first byte; stays open
     * @param length the checkpoint's length in bytes; no byte beyond it is read
     * @throws IllegalArgumentException if the length is negative
     */
    public static CheckpointSource stream(InputStream in, long length) {
        Objects.requireNonNull(in, "in");
        if (length < 0) {
            throw new IllegalArgumentException("expected a length of 0 or more, found " + length);
        }
        Path name = Path.of("stream", length + " bytes");
        boolean[] opened = {false};
        return new CheckpointSource(name.toString(), () -> {
            synchronized (opened) {
                if (opened[0]) {
                    throw new IllegalStateException(
                            "the stream was read by an earlier call; make a source of a new one");
                }
                opened[0] = true;
            }
            return MappedFile.copy(name, in, length);
        });
    }

    private static MappedFile openResource(Class<?> anchor, String resource) throws IOException {
        URL url = anchor.getResource(resource);
        if (url == null) {
            throw new FileNotFoundException("no resource " + resource + " for class " + anchor.getName()
                    + (resource.startsWith("/") ? "" : "; a name from the class path's root on begins with /"));
        }
        if (url.getProtocol().equals("file")) {
            try {
                return MappedFile.open(Path.of(url.toURI()));
            } catch (URISyntaxException e) {
                throw new IOException("not a file's address: " + url, e);
            }
        }
        URLConnection connection = url.openConnection();
        // The jar stays open otherwise, and with a cached one its content may be that of a jar replaced since.
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            // A name that no file has: nothing is to be found beside it.
            Path name = Path.of("class path", resource.startsWith("/") ? resource.substring(1) : resource);
            return MappedFile.copy(name, in, connection.getContentLengthLong());
        }
    }

    MappedFile open() throws IOException {
        return opener.open();
    }

    /** What is opened, for messages. */
    @Override
    public String toString() {
        return description;
    }
}
