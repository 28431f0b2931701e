package io.rwkv.simd.internal.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.simd.AtUsableWidth;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

@AtUsableWidth
class WeightMemoryTest {
    private static final long BLOCK = 24L << 20; // what the C library would keep when it is freed

    private static List<MemorySegment> fill(Arena arena, int blocks) {
        WeightMemory memory = new WeightMemory(arena);
        List<MemorySegment> given = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            MemorySegment block = NativeMemory.allocate(memory, BLOCK);
            for (long at = 0; at < BLOCK; at += 4096) {
                assertEquals(0, block.get(ValueLayout.JAVA_LONG, at));
            }
            block.fill((byte) (i + 1));
            given.add(block);
        }
        return given;
    }

    @Test
    void blocksShouldBeZeroedAlignedAndApart() {
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> given = fill(arena, 6);
            for (int i = 0; i < given.size(); i++) {
                MemorySegment block = given.get(i);
                assertEquals(0, block.address() % 64);
                assertTrue(block.byteSize() >= BLOCK + 64);
                assertEquals(i + 1, block.get(ValueLayout.JAVA_BYTE, 0));
                assertEquals(i + 1, block.get(ValueLayout.JAVA_BYTE, block.byteSize() - 1));
            }
        }
    }

    @Test
    void blocksShouldEndWithTheArena() {
        List<MemorySegment> given;
        try (Arena arena = Arena.ofShared()) {
            given = fill(arena, 4);
        }
        for (MemorySegment block : given) {
            assertFalse(block.scope().isAlive());
            assertThrows(IllegalStateException.class, () -> block.get(ValueLayout.JAVA_BYTE, 0));
        }
    }

    @Test
    void requestsBeyondAllMemoryShouldBeRefused() {
        try (Arena arena = Arena.ofShared()) {
            assertThrows(OutOfMemoryError.class, () -> NativeMemory.allocate(new WeightMemory(arena), 1L << 60));
        }
    }

    /** The resident set's anonymous part, in bytes. */
    private static long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("RssAnon:")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no RssAnon");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void theSystemShouldHaveItsMemoryBackAtOnce() throws IOException {
        int blocks = 20;
        // Such a block once freed, the C library keeps the next ones; what others have allocated since keeps it from giving
        // them back.
        try (Arena arena = Arena.ofShared()) {
            arena.allocate(BLOCK);
        }
        long back;
        try (Arena others = Arena.ofShared()) {
            try (Arena arena = Arena.ofShared()) {
                fill(arena, blocks);
                others.allocate(100_000);
                back = resident();
            }
            back -= resident();
        }
        // The C library may keep the first few.
        assertTrue(back > (blocks - 4) * BLOCK, back + " of " + blocks * BLOCK + " bytes came back");
    }
}
