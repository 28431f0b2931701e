package io.rwkv.cli;

import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.grammar.Grammar;
import io.rwkv.text.grammar.GrammarException;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** What a generated text has to look like. */
final class GrammarOptions {
    @Option(names = "--grammar", paramLabel = "FILE", description = "Only write what follows this grammar, in the GBNF notation of llama.cpp. If the limit of tokens comes before the text is complete, that is said, and the exit code is 1.")
    private Path grammar;

    @Option(names = "--json-schema", paramLabel = "FILE", description = "Only write JSON that is valid by this JSON Schema.")
    private Path jsonSchema;

    private Grammar read;

    /** Whether there is a grammar. */
    boolean given() {
        return grammar != null || jsonSchema != null;
    }

    /** Reads the file that was given, if any, at the first call. */
    void addTo(GenerationOptions.Builder options) throws IOException {
        if (grammar != null && jsonSchema != null) {
            throw new IllegalArgumentException("--grammar: expected no --json-schema beside it, found one");
        }
        if (read == null && given()) {
            read = grammar != null
                    ? read("--grammar", grammar, Grammar::gbnf)
                    : read("--json-schema", jsonSchema, Grammar::jsonSchema);
        }
        if (read != null) {
            options.grammar(read);
        }
    }

    private static Grammar read(String option, Path file, Function<String, Grammar> reading) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IllegalArgumentException(option + ": expected a file, found the folder " + file);
        }
        try {
            return reading.apply(Files.readString(file));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(option + ": expected a text in UTF-8, found other bytes in " + file, e);
        } catch (GrammarException e) {
            throw new IllegalArgumentException(option + ": " + file + ": " + e.getMessage(), e);
        }
    }
}
