package io.rwkv.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Text of given files, one behind the other: plain or .gz, and of folders and .zip files what has a fitting name. */
final class TextFiles {
    private final Pattern names;
    private final int limit;
    private final StringBuilder text = new StringBuilder();
    private int bytes;

    private TextFiles(Pattern names, int limit) {
        this.names = names;
        this.limit = limit;
    }

    /**
     * Reads in the order of the paths and, within a folder, of the names, so that every run gets the same text.
     *
     * @param names of the files to take from folders
     * @param limit where to stop, in bytes of UTF-8; less is returned where there is less
     */
    static String read(List<Path> paths, Pattern names, int limit) throws IOException {
        TextFiles files = new TextFiles(names, limit);
        for (Path path : paths) {
            if (path.toString().endsWith(".zip")) {
                try (FileSystem zip = FileSystems.newFileSystem(path)) {
                    files.addFolder(zip.getPath("/"));
                }
            } else if (Files.isDirectory(path)) {
                files.addFolder(path);
            } else {
                files.addFile(path);
            }
        }
        return prefix(files.text.toString(), limit);
    }

    private void addFolder(Path folder) throws IOException {
        List<Path> found;
        try (Stream<Path> walk = Files.walk(folder)) {
            // A link would count text twice; hidden folders hold no text, and target holds copies.
            found = walk.filter(p -> Files.isRegularFile(p) && !Files.isSymbolicLink(p))
                    .filter(p -> !("/" + folder.relativize(p)).matches(".*/(\\.|target/).*"))
                    .filter(p -> names.matcher(p.getFileName().toString()).matches()).sorted().toList();
        }
        for (Path file : found) {
            addFile(file);
        }
    }

    private void addFile(Path file) throws IOException {
        if (bytes >= limit) {
            return;
        }
        try (InputStream in = Files.newInputStream(file);
                InputStream plain = file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in) {
            byte[] content = plain.readNBytes(limit - bytes);
            bytes += content.length;
            text.append(new String(content, StandardCharsets.UTF_8));
        }
    }

    /** The longest beginning of whole characters that has at most so many bytes. */
    static String prefix(String text, int limit) {
        int bytes = 0;
        for (int at = 0; at < text.length();) {
            int character = text.codePointAt(at);
            bytes += character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
            if (bytes > limit) {
                return text.substring(0, at);
            }
            at += Character.charCount(character);
        }
        return text;
    }
}
