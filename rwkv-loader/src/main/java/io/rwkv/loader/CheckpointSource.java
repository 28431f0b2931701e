package io.rwkv.loader;

import io.rwkv.core.tensor.MappedFile;

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
 * What is no file of its own, as in a jar or a stream, is copied to a temporary file when it is opened, as large as the
 * checkpoint and readable by its owner alone. It is in the folder that the system property {@code java.io.tmpdir} names, and is
 * deleted at once on Linux and macOS, where a model needs no name to read on, else when the JVM ends.
 *
 * <p>Immutable. Safe for any number of threads, but for {@link #stream}, which can be opened once.
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

    /** A file, of any file system: one that cannot be mapped is copied. */
    public static CheckpointSource path(Path file) {
        Objects.requireNonNull(file, "file");
        return new CheckpointSource(file.toString(), () -> MappedFile.open(file));
    }

    /**
     * A resource, found as {@link Class#getResource} finds it. It is copied unless it is a file already, which it is where the
     * class path has a folder.
     *
     * @param anchor a class of the module or jar that holds the resource
     * @param resource the name: from the class path's root on if it begins with {@code /}, else from the package of
     *        {@code anchor} on
     */
    public static CheckpointSource classPath(Class<?> anchor, String resource) {
        Objects.requireNonNull(anchor, "anchor");
        Objects.requireNonNull(resource, "resource");
        return new CheckpointSource("resource " + resource + " of " + anchor.getName(),
                () -> openResource(anchor, resource));
    }

    /**
     * A stream. It is read when the checkpoint is opened, for which this source can be used once, and stays open.
     *
     * @param in at the checkpoint's first byte
     * @param length of the checkpoint, in bytes; no more is read
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

    /** What is opened, for people. */
    @Override
    public String toString() {
        return description;
    }
}
