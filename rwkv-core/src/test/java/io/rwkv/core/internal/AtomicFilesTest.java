package io.rwkv.core.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

class AtomicFilesTest {
    @TempDir
    Path folder;

    private static void write(Path path, String text) throws IOException {
        AtomicFiles.write(path, out -> put(out, text));
    }

    static void put(SeekableByteChannel out, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    /** The one temporary file. */
    private Path temporary() throws IOException {
        return files().stream().filter(f -> f.getFileName().toString().endsWith(".tmp")).findFirst().orElseThrow();
    }

    private void assumePosix() {
        assumeTrue(Files.getFileAttributeView(folder, PosixFileAttributeView.class) != null, "no permissions here");
    }

    @Test
    void shouldMakeAndReplaceFiles() throws IOException {
        Path file = folder.resolve("x");
        write(file, "one");
        assertEquals("one", Files.readString(file));
        write(file, "two");
        assertEquals("two", Files.readString(file));
        assertEquals(List.of(file), files());
    }

    @Test
    void aFailureShouldLeaveEverythingAsItWas() throws IOException {
        Path file = Files.writeString(folder.resolve("x"), "before");
        assertEquals("full", assertThrows(IOException.class, () -> AtomicFiles.write(file, out -> {
            put(out, "half");
            throw new IOException("full");
        })).getMessage());
        Thread.currentThread().interrupt();
        assertThrows(IOException.class, () -> write(file, "interrupted"));
        assertTrue(Thread.interrupted());
        assertEquals("before", Files.readString(file));
        assertEquals(List.of(file), files());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "rw-r-----", "r--r--r--", "rw-rw-rw-"})
    void aReplacedFileShouldKeepItsPermissions(String text) throws IOException {
        assumePosix();
        Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(text);
        Path file = Files.writeString(folder.resolve("x"), "before");
        Files.setPosixFilePermissions(file, permissions);
        AtomicFiles.write(file, out -> {
            put(out, "secret");
            assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(temporary()),
                    "while it is written");
        });
        assertEquals(permissions, Files.getPosixFilePermissions(file));
        assertEquals("secret", Files.readString(file));
    }

    @Test
    void aNewFileShouldHaveTheUsualPermissions() throws IOException {
        assumePosix();
        Path usual = Files.writeString(folder.resolve("usual"), "");
        Path file = folder.resolve("x");
        write(file, "new");
        assertEquals(Files.getPosixFilePermissions(usual), Files.getPosixFilePermissions(file));
    }

    @Test
    void permissionsOfAFileThatAppearsMeanwhileShouldBeKept() throws IOException {
        assumePosix();
        Path file = folder.resolve("x");
        AtomicFiles.write(file, out -> {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            put(out, "new");
        });
        assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(file));
    }

    @Test
    void aReplacedFileShouldKeepItsOwnerAndGroupWhereThatIsAllowed() throws IOException {
        assumePosix();
        Path file = Files.writeString(folder.resolve("x"), "before");
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        try {
            view.setGroup(FileSystems.getDefault().getUserPrincipalLookupService()
                    .lookupPrincipalByGroupName("daemon"));
            view.setOwner(FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByName("daemon"));
        } catch (IOException e) {
            assumeTrue(false, "not an administrator: " + e);
        }
        PosixFileAttributes before = view.readAttributes();
        write(file, "after");
        PosixFileAttributes after = view.readAttributes();
        assertEquals(before.group(), after.group());
        assertEquals(before.owner(), after.owner());
        assertEquals(before.permissions(), after.permissions());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----/rw-------", "rw-rw-r--/rw-r--r--", "rwxrwx--x/rwx--x--x", "rw-r--r--/rw-r--r--"})
    void anotherGroupShouldGetNoMoreThanEverybody(String beforeAndAfter) {
        String[] expected = beforeAndAfter.split("/");
        assertEquals(expected[1], PosixFilePermissions
                .toString(FileAccess.withoutGroup(PosixFilePermissions.fromString(expected[0]))));
    }

    @Test
    void aLinkShouldStay() throws IOException {
        Path target = Files.writeString(folder.resolve("target"), "before");
        Path link = folder.resolve("link");
        try {
            Files.createSymbolicLink(link, target.getFileName());
        } catch (UnsupportedOperationException | IOException e) {
            assumeTrue(false, "no links here: " + e);
        }
        write(link, "after");
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("after", Files.readString(target));
    }

    @Test
    void namesMayBeAsLongAsTheFileSystemAllows() throws IOException {
        Path file = folder.resolve("n".repeat(255));
        write(file, "one");
        write(file, "two");
        assertEquals("two", Files.readString(file));
    }

    @Test
    void aFolderThatTakesNoFilesShouldBeNamed() throws IOException {
        assumePosix();
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
        // Administrators may write there nevertheless, but nobody can in /proc.
        Path file = Files.isWritable(closed) ? Path.of("/proc/x") : closed.resolve("x");
        assumeTrue(Files.exists(file.getParent()));
        FileSystemException e = assertThrows(FileSystemException.class, () -> write(file, "new"));
        assertEquals(file.toString(), e.getFile());
        assertTrue(e.getReason().contains("cannot create a file in " + file.getParent()), e.getReason());
        assertEquals(closed.equals(file.getParent()), e instanceof AccessDeniedException);
        assertFalse(e.getMessage().contains(".tmp"), e.getMessage());
    }

    @Test
    void otherFileSystemsShouldDo() throws IOException {
        Path zip = folder.resolve("x.zip");
        try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            write(files.getPath("/x"), "one");
            write(files.getPath("/x"), "two");
        }
        try (FileSystem files = FileSystems.newFileSystem(zip); Stream<Path> all = Files.list(files.getPath("/"))) {
            assertEquals("two", Files.readString(files.getPath("/x")));
            assertEquals(1, all.count());
        }
    }

    @Test
    void ofManyWritersOneShouldWinWhole() throws Exception {
        Path file = folder.resolve("x");
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<Void>> writes = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                String text = Character.toString('a' + i % 26).repeat(50_000);
                writes.add(threads.submit(() -> {
                    write(file, text);
                    return null;
                }));
            }
            for (Future<Void> write : writes) {
                write.get();
            }
        } finally {
            threads.shutdown();
        }
        byte[] found = Files.readAllBytes(file);
        byte[] expected = new byte[50_000];
        Arrays.fill(expected, found[0]);
        assertArrayEquals(expected, found);
        assertEquals(List.of(file), files());
    }

    /** Writes inside a shutdown hook. */
    static final class InHook {
        public static void main(String[] arguments) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    write(Path.of(arguments[0]), "saved at the end");
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }));
        }
    }

    @Test
    void aWriteInsideAShutdownHookShouldWork() throws Exception {
        Path file = Files.writeString(folder.resolve("x"), "before");
        try (ControlledJvm child = new ControlledJvm(InHook.class, file.toString())) {
            assertEquals("", child.awaitEnd());
        }
        assertEquals("saved at the end", Files.readString(file));
        assertEquals(List.of(file), files());
    }

    /** Is told to end in the middle of a write, and waits for it in a hook of its own, or does not. */
    static final class Terminated {
        public static void main(String[] arguments) throws IOException {
            Thread main = Thread.currentThread();
            CountDownLatch ending = new CountDownLatch(1);
            if (arguments[1].equals("wait")) {
                Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                    try {
                        Thread.sleep(300); // other hooks, if there are any, go first
                        ending.countDown();
                        main.join();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }));
            }
            AtomicFiles.write(Path.of(arguments[0]), out -> {
                put(out, "after".repeat(10_000));
                System.out.println("half");
                try {
                    ending.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                put(out, "after".repeat(10_000));
            });
        }
    }

    @Test
    void aWriteUnderWayShouldBeLeftToEndWhereAHookWaitsForIt() throws Exception {
        Path file = Files.writeString(folder.resolve("x"), "before");
        try (ControlledJvm child = new ControlledJvm(Terminated.class, file.toString(), "wait")) {
            child.awaitLine("half");
            child.terminate();
            assertEquals("", child.awaitEnd());
        }
        assertEquals("after".repeat(20_000), Files.readString(file));
        assertEquals(List.of(file), files());
    }

    @Test
    void aWriteCutOffShouldLeaveTheOldFileAndNothingThatStays() throws Exception {
        Path file = Files.writeString(folder.resolve("x"), "before");
        try (ControlledJvm child = new ControlledJvm(Terminated.class, file.toString(), "no")) {
            child.awaitLine("half");
            child.terminate();
            child.awaitEnd();
        }
        assertEquals("before", Files.readString(file));
        write(folder.resolve("y"), "another");
        if (Files.exists(Path.of("/proc/sys/kernel/random/boot_id"))) {
            assertEquals(Set.of(file, folder.resolve("y")), Set.copyOf(files()));
        }
    }

    /** Stops in the middle of a write. */
    static final class Half {
        public static void main(String[] arguments) throws IOException {
            AtomicFiles.write(Path.of(arguments[0]), out -> {
                put(out, "after");
                System.out.println("half");
                System.in.read();
            });
        }
    }

    @Test
    void onlyWhatADeadProcessLeftShouldBeDeleted() throws Exception {
        Path file = folder.resolve("x");
        try (ControlledJvm living = new ControlledJvm(Half.class, file.toString())) {
            living.awaitLine("half");
            Path alive = temporary();
            try (ControlledJvm dying = new ControlledJvm(Half.class, folder.resolve("z").toString())) {
                dying.awaitLine("half");
                assertEquals(2, files().size());
                dying.kill();
            }
            AtomicFiles.write(folder.resolve("y"), out -> {
                put(out, "own");
                write(folder.resolve("w"), "within: its own is no leftover either");
            });
            if (Files.exists(Path.of("/proc/sys/kernel/random/boot_id"))) {
                assertEquals(Set.of(alive, folder.resolve("y"), folder.resolve("w")), Set.copyOf(files()));
            }
            living.nudge();
            assertEquals("", living.awaitEnd());
        }
        assertEquals("after", Files.readString(file));
    }

    @Test
    void whatAnotherMachineLeftShouldBeDeletedWhenItIsOld() throws IOException {
        Path recent = Files.createFile(folder.resolve(".rwkv-" + "0".repeat(32) + "-17-18c2a-2f3e.tmp"));
        Path old = Files.createFile(folder.resolve(".rwkv-" + "0".repeat(32) + "-17-18c2b-2f3e.tmp"));
        Path unknown = Files.createFile(folder.resolve(".rwkv-notes.tmp"));
        for (Path path : List.of(old, unknown)) {
            Files.setLastModifiedTime(path, FileTime.fromMillis(0));
        }
        write(folder.resolve("x"), "new");
        assertEquals(Set.of(recent, unknown, folder.resolve("x")), Set.copyOf(files()));
    }
}
