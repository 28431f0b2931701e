package io.rwkv.core.internal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/**
 * Names temporary files, and deletes those that processes left behind which ended in the middle of a write. Thread-safe.
 *
 * <p>A file is a leftover if its lock is free, for whoever writes one holds it, and the system gives it up when a process
 * ends. That is certain among processes of one running system, containers included, whose process numbers tell nothing of each
 * other. Over a network locks may be kept on each machine alone: what another machine wrote, or this one before it was started
 * last, is touched only when it is also a day old.
 */
final class Leftovers {
    private static final String PREFIX = ".rwkv-";
    private static final String SUFFIX = ".tmp";
    private static final Pattern NAME = Pattern.compile("\\.rwkv-[0-9a-f]*-[0-9]+-[0-9a-f]+-[0-9a-f]+\\.tmp");
    private static final Duration OLD = Duration.ofDays(1);
    /** Of one start of one system's kernel; empty where nothing tells, which makes every file another machine's. */
    private static final String SYSTEM = system();
    private static final String OWN = PREFIX + SYSTEM + "-" + process() + "-";

    /** Folders with more entries than this are not read for every file that is written into them. */
    private static final int LARGE_FOLDER = 1000;
    private static final long LARGE_FOLDER_NANOS = Duration.ofMinutes(10).toNanos();
    private static final int REMEMBERED = 256;
    private static final Map<Path, Long> LARGE = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Path, Long> eldest) {
            return size() > REMEMBERED;
        }
    };

    private Leftovers() {
    }

    private static String system() {
        try {
            String id = Files.readString(Path.of("/proc/sys/kernel/random/boot_id"));
            return id.replace("-", "").strip();
        } catch (IOException | RuntimeException e) {
            return ""; // not Linux
        }
    }

    private static String process() {
        ProcessHandle process = ProcessHandle.current();
        long start = process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        return process.pid() + "-" + Long.toHexString(start);
    }

    /** A new name, which shows the system, the process's number and the time it was started. */
    static String newName() {
        return OWN + Long.toHexString(ThreadLocalRandom.current().nextLong()) + SUFFIX;
    }

    /** Deletes what is surely a leftover. What cannot be read, locked or deleted stays, in silence. */
    static void sweep(Path folder) {
        if (folder.getFileSystem() != FileSystems.getDefault() || recentlySeenLarge(folder)) {
            return;
        }
        int[] entries = new int[1];
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, file -> {
            entries[0]++;
            String name = file.getFileName().toString();
            // Its own are never leftovers; to open and close one would end its lock.
            return name.startsWith(PREFIX) && !name.startsWith(OWN) && NAME.matcher(name).matches();
        })) {
            for (Path file : found) {
                deleteIfLeft(file);
            }
        } catch (IOException | DirectoryIteratorException e) {
            // A folder that may be written but not read.
        }
        if (entries[0] > LARGE_FOLDER) {
            synchronized (LARGE) {
                LARGE.put(folder, System.nanoTime());
            }
        }
    }

    private static boolean recentlySeenLarge(Path folder) {
        synchronized (LARGE) {
            Long seen = LARGE.get(folder);
            if (seen != null && System.nanoTime() - seen > LARGE_FOLDER_NANOS) {
                LARGE.remove(folder);
                return false;
            }
            return seen != null;
        }
    }

    private static void deleteIfLeft(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class,
                    LinkOption.NOFOLLOW_LINKS);
            boolean old = attributes.lastModifiedTime().toInstant().isBefore(Instant.now().minus(OLD));
            if (!attributes.isRegularFile() || !old && !ofThisSystem(file.getFileName().toString())) {
                return;
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                    FileLock lock = channel.tryLock()) {
                if (lock != null) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException | OverlappingFileLockException e) {
            // Not to be had, or in use.
        }
    }

    private static boolean ofThisSystem(String name) {
        return !SYSTEM.isEmpty() && name.startsWith(PREFIX + SYSTEM + "-");
    }
}
