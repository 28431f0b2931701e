package io.rwkv.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What the system says of itself, on Linux. */
public final class Machine {
    private Machine() {
    }

    /** The processor's name. */
    public static String cpu() throws IOException {
        return fromProc("/proc/cpuinfo", "model name");
    }

    /** How many threads wanted to run in the last minute, on average: near zero if nothing else is at work. */
    public static String load() throws IOException {
        Path path = Path.of("/proc/loadavg");
        return Files.exists(path) ? Files.readString(path).split(" ")[0] : "unknown";
    }

    /**
     * The most bytes of memory that this process has had at any time, all of it: heap, weights, libraries, and as much of
     * mapped files as was in memory.
     */
    public static OptionalLong peakMemory() throws IOException {
        return memory("VmHWM");
    }

    /** The bytes of memory that this process has now; otherwise as {@link #peakMemory}. */
    public static OptionalLong residentMemory() throws IOException {
        return memory("VmRSS");
    }

    private static OptionalLong memory(String key) throws IOException {
        String digits = fromProc("/proc/self/status", key).replaceFirst(" kB$", "");
        return digits.matches("[0-9]+") ? OptionalLong.of(1024 * Long.parseLong(digits)) : OptionalLong.empty();
    }

    private static String fromProc(String file, String key) throws IOException {
        Path path = Path.of(file);
        if (!Files.exists(path)) {
            return "unknown (no " + file + ")";
        }
        return Files.readAllLines(path).stream().filter(line -> line.startsWith(key)).findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse("unknown");
    }
}
