package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

class ChatHistoryTest {
    @TempDir
    Path folder;

    @Test
    void itShouldBeAmongTheUsersState() {
        Path below = folder.resolve(".local").resolve("state").resolve("rwkv").resolve("chat-history");
        assertEquals(below, ChatHistory.file(name -> null, folder));
        assertEquals(below, ChatHistory.file(Map.of("XDG_STATE_HOME", "relative")::get, folder));
        assertEquals(folder.resolve("s").resolve("rwkv").resolve("chat-history"),
                ChatHistory.file(Map.of("XDG_STATE_HOME", folder.resolve("s").toString())::get, Path.of("home")));
    }

    @Test
    void nobodyElseShouldReadIt() throws IOException {
        Assumptions.assumeTrue(FileSystems.getDefault().supportedFileAttributeViews().contains("posix"),
                "no permissions here");
        Path file = ChatHistory.make(folder.resolve("a").resolve("b").resolve("history"));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        for (Path each : new Path[]{file.getParent(), file.getParent().getParent()}) {
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(each)));
        }
    }

    @Test
    void whatItHoldsShouldStay() throws IOException {
        Path file = Files.writeString(folder.resolve("history"), "kept");
        assertEquals("kept", Files.readString(ChatHistory.make(file)));
        IOException none = assertThrows(IOException.class, () -> ChatHistory.make(folder));
        assertTrue(none.getMessage().startsWith(folder + ": expected a file"), none.getMessage());
    }
}
