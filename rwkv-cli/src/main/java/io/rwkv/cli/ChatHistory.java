package io.rwkv.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.UnaryOperator;

/** The file in which a chat's lines are kept for the next chat. They are private: no other user may read them. */
final class ChatHistory {
    private static final FileAttribute<?>[] NONE = {};

    private ChatHistory() {
    }

    /**
     * Where it is unless the user says otherwise: below {@code $XDG_STATE_HOME}, or below {@code ~/.local/state}.
     *
     * @param environment gives the value of a variable, or null
     */
    static Path file(UnaryOperator<String> environment, Path home) {
        String state = environment.apply("XDG_STATE_HOME");
        Path folder = state != null && Path.of(state).isAbsolute() // as its specification demands
                ? Path.of(state)
                : home.resolve(".local").resolve("state");
        return folder.resolve("rwkv").resolve("chat-history");
    }

    /** Makes the file and its folder, where they are missing. */
    static Path make(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        Files.createDirectories(folder, ownersOnly("rwx------"));
        try {
            Files.createFile(file, ownersOnly("rw-------"));
        } catch (FileAlreadyExistsException e) {
            if (!Files.isRegularFile(file) || !Files.isWritable(file)) {
                throw new IOException(file + ": expected a file that can be written, found none", e);
            }
        }
        return file;
    }

    private static FileAttribute<?>[] ownersOnly(String permissions) {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[]{
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))}
                : NONE;
    }
}
