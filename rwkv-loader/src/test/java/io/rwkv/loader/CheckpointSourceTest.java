package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Checkpoints that are no files of the default file system. */
class CheckpointSourceTest {
    private static final int[] TOKENS = {3, 1, 4};

    @TempDir
    Path folder;

    private Path model;
    private Set<String> temporary;

    @BeforeEach
    void makeModel() throws IOException {
        model = folder.resolve("model.safetensors");
        Shapes.writer(Shapes.of(RwkvVersion.V7)).write(model);
        temporary = temporaryFiles();
    }

    private static Set<String> temporaryFiles() throws IOException {
        Set<String> names = new TreeSet<>();
        try (var files = Files.newDirectoryStream(Path.of(System.getProperty("java.io.tmpdir")), "rwkv-*.tmp")) {
            files.forEach(f -> names.add(f.getFileName().toString()));
        }
        return names;
    }

    /** Deleted already: what cannot be deleted while it is mapped is Windows' business. */
    @AfterEach
    void nothingShouldBeLeftBehind() throws IOException {
        Set<String> left = temporaryFiles();
        left.removeAll(temporary);
        assertTrue(left.isEmpty() || System.getProperty("os.name").startsWith("Windows"), left.toString());
    }

    private static float[] logits(RwkvModel model) {
        try (model) {
            return model.logits(TOKENS, model.newState());
        }
    }

    private URL jar() throws IOException {
        Path jar = folder.resolve("app.jar");
        try (FileSystem zip = FileSystems.newFileSystem(URI.create("jar:" + jar.toUri()), Map.of("create", "true"))) {
            Files.copy(model, zip.getPath("/model.safetensors"));
            Path inside = Files.createDirectories(zip.getPath("/io/rwkv/loader"));
            Files.write(inside.resolve("broken"), new byte[100]);
            String anchor = "CheckpointSourceTest$Anchor.class";
            try (InputStream in = Anchor.class.getResourceAsStream(anchor)) {
                Files.write(inside.resolve(anchor), in.readAllBytes());
            }
        }
        return jar.toUri().toURL();
    }

    static final class Anchor {
    }

    @Test
    void shouldOpenFilesInsideAZip() throws IOException {
        jar();
        RwkvModel opened;
        try (FileSystem zip = FileSystems.newFileSystem(folder.resolve("app.jar"))) {
            Path inside = zip.getPath("/model.safetensors");
            assertEquals(inside, Checkpoints.open(inside).path());
            opened = Rwkv.open(inside);
        }
        assertArrayEquals(logits(Rwkv.open(model)), logits(opened)); // it needs the zip no longer
    }

    @Test
    void shouldOpenResourcesOfAJar() throws Exception {
        try (URLClassLoader loader = new URLClassLoader(new URL[]{jar()}, null)) {
            Class<?> anchor = loader.loadClass(Anchor.class.getName());
            CheckpointSource source = CheckpointSource.classPath(anchor, "/model.safetensors");
            assertArrayEquals(logits(Rwkv.open(model)), logits(Rwkv.open(source)));
            assertArrayEquals(logits(Rwkv.open(model)), logits(Rwkv.open(source))); // any number of times
            assertTrue(source.toString().contains("/model.safetensors"), source.toString());
            RwkvFormatException e = assertThrows(RwkvFormatException.class,
                    () -> Rwkv.open(CheckpointSource.classPath(anchor, "broken")));
            assertTrue(e.getMessage().startsWith(Path.of("class path", "broken").toString()), e.getMessage());
            FileNotFoundException missing = assertThrows(FileNotFoundException.class,
                    () -> Rwkv.open(CheckpointSource.classPath(anchor, "model.safetensors")));
            assertTrue(missing.getMessage().contains("begins with /"), missing.getMessage());
        }
    }

    @Test
    void shouldMapResourcesThatAreFiles() throws IOException {
        TensorFile file = Checkpoints.open(CheckpointSource.classPath(Fixtures.class, "module-zip.pth"));
        assertEquals(Fixtures.path("module-zip.pth"), file.path());
        Fixtures.assertHolds("module-expected.txt", file);
    }

    @Test
    void shouldReadAStreamToItsLengthAndNoFurther() throws IOException {
        byte[] bytes = Files.readAllBytes(model);
        byte[] more = Arrays.copyOf(bytes, bytes.length + 3);
        InputStream in = new ByteArrayInputStream(more) {
            @Override
            public synchronized int read(byte[] to, int at, int length) {
                return super.read(to, at, Math.min(length, 1000)); // as a socket gives what it has
            }
        };
        CheckpointSource source = CheckpointSource.stream(in, bytes.length);
        assertArrayEquals(logits(Rwkv.open(model)), logits(Rwkv.open(source)));
        assertEquals(3, in.available());
        assertThrows(IllegalStateException.class, () -> Rwkv.open(source));
        assertEquals(3, in.available());
    }

    @Test
    void shouldRefuseStreamsThatFailOrEndEarly() throws IOException {
        byte[] bytes = Files.readAllBytes(model);
        EOFException e = assertThrows(EOFException.class, () -> Rwkv
                .open(CheckpointSource.stream(new ByteArrayInputStream(bytes), bytes.length + 1)));
        assertTrue(e.getMessage().endsWith(
                "expected " + (bytes.length + 1) + " bytes, found the end after " + bytes.length), e.getMessage());
        assertThrows(RwkvFormatException.class,
                () -> Rwkv.open(CheckpointSource.stream(new ByteArrayInputStream(bytes), bytes.length - 1)));
        IOException reset = new IOException("connection reset");
        assertEquals(reset, assertThrows(IOException.class, () -> Rwkv.open(CheckpointSource.stream(new InputStream() {
            @Override
            public int read() throws IOException {
                throw reset;
            }
        }, 100))));
        assertThrows(RwkvFormatException.class,
                () -> Rwkv.open(CheckpointSource.stream(InputStream.nullInputStream(), 0)));
        assertThrows(IllegalArgumentException.class,
                () -> CheckpointSource.stream(InputStream.nullInputStream(), -1));
    }

    /** The runtime's own image, which has no channels that could map. */
    @Test
    void shouldCopyWhatCannotBeMapped() throws IOException {
        Path unmappable = Path.of(URI.create("jrt:/java.base/java/lang/Object.class"));
        assertThrows(UnsupportedOperationException.class,
                () -> unmappable.getFileSystem().provider().newFileChannel(unmappable, Set.of()));
        MappedFile file = MappedFile.open(unmappable);
        assertTrue(file.isCopy());
        assertEquals(unmappable, file.path());
        byte[] found = new byte[(int) file.size()];
        file.read(0, found, 0, found.length);
        assertArrayEquals(Files.readAllBytes(unmappable), found);
        assertFalse(MappedFile.open(model).isCopy());
    }

    @Test
    void shouldConvertWhatIsNoFileAndFindItsTokenizer() throws IOException {
        Path expected = folder.resolve("a.gguf");
        Path vocabulary = folder.resolve("vocabulary.txt");
        StringBuilder lines = new StringBuilder();
        for (int id = 1; id <= 256; id++) {
            lines.append(String.format("%d b'\\x%02x' 1%n", id, id - 1));
        }
        Files.writeString(vocabulary, lines);
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V7);
        shapes.put("emb.weight", new long[]{260, Shapes.C});
        shapes.put("head.weight", new long[]{260, Shapes.C});
        Path wide = folder.resolve("wide.safetensors");
        Shapes.writer(shapes).write(wide);
        GgufConverter.convert(Checkpoints.open(wide), expected, DType.F32, vocabulary, (done, total) -> {});
        byte[] bytes = Files.readAllBytes(expected);
        TensorFile stream = Checkpoints.open(CheckpointSource.stream(new ByteArrayInputStream(bytes), bytes.length));
        assertEquals(2, Tokenizers.forCheckpoint(stream, Architecture.detect(stream)).encode("ab").length);
        Path found = Files.createDirectory(folder.resolve("again")).resolve("a.gguf"); // the name is in the file
        GgufConverter.convert(stream, found, DType.F32, null, (done, total) -> {});
        assertArrayEquals(bytes, Files.readAllBytes(found));
        assertTrue(Tokenizers.inCheckpoint(Checkpoints.open(model)).isEmpty());
    }
}
