package io.rwkv.tokenizer;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Tells the formats of vocabularies apart by how they begin: their names are anything. */
final class TokenizerFiles {
    private static final int HEAD = 512;
    private static final Pattern JSON = Pattern.compile("[ \\t\\r\\n]*+\\{");
    private static final Pattern WORLD = Pattern.compile("[0-9]++ b?['\"]");

    private TokenizerFiles() {
    }

    static Tokenizer load(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            // Some systems open a folder, and say nothing of it later but what it is.
            throw new IOException(file + ": expected a tokenizer file, found a folder");
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            in.mark(HEAD);
            // Byte by byte as chars: what is looked for is ASCII.
            String head = new String(in.readNBytes(HEAD), StandardCharsets.ISO_8859_1);
            in.reset();
            if (JSON.matcher(head).lookingAt()) {
                return BpeTokenizer.load(in, file.toString());
            }
            if (WORLD.matcher(head).lookingAt()) {
                return WorldTokenizer.load(in, file.toString());
            }
            throw new TokenizerFormatException(file.toString(), "its beginning",
                    "a tokenizer.json, which begins with {, or a World vocabulary, which begins like 1 'a' 1",
                    head.isEmpty() ? "an empty file" : TokenizerFormatException.quote(head));
        }
    }
}
