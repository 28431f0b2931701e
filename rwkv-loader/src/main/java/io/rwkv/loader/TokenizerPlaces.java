package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Where the tokenizer of one checkpoint is looked for, and what to say if it is in none of the places. */
final class TokenizerPlaces {
    /** The system property that names a folder of vocabulary files. */
    static final String FOLDER_PROPERTY = "rwkv.tokenizers";
    /** The environment variable that names one where the property is not set. */
    static final String FOLDER_VARIABLE = "RWKV_TOKENIZERS";

    private static final Pattern NAME = Pattern
            .compile(".*(tokenizer|vocab|merges|bpe|spiece|sentencepiece).*\\.(json|txt|model|tiktoken)|.*\\.tiktoken");
    /** How a vocabulary begins: that of the World models, or a tokenizer.json. */
    private static final Pattern CONTENT = Pattern
            .compile("[0-9]+ b?['\"].*|\\s*\\{.*\"(added_tokens|truncation)\"\\s*:.*", Pattern.DOTALL);
    private static final int HEAD = 512;
    private static final int MOST_FILES_LOOKED_AT = 2000;
    private static final int MOST_NAMED = 10;

    private final Path checkpoint;
    private final int vocabulary;
    /** The checkpoint's own, absolute. */
    private final Path folder;
    /** Null where none is named. */
    private final Path shared;
    /** What the checkpoint itself holds. */
    private final Optional<String> foreign;
    private final Set<Path> places = new LinkedHashSet<>();

    /**
     * @param checkpoint the checkpoint's file, or the folder of its files
     * @param foreign the kind of tokenizer that is in the checkpoint, if it is one that this library does not have
     */
    TokenizerPlaces(Path checkpoint, RwkvConfig config, Optional<String> foreign) {
        this.checkpoint = checkpoint;
        this.foreign = foreign;
        vocabulary = config.vocabularySize();
        Path absolute = checkpoint.toAbsolutePath().normalize();
        folder = Files.isDirectory(absolute) || absolute.getParent() == null ? absolute : absolute.getParent();
        String named = System.getProperty(FOLDER_PROPERTY, System.getenv(FOLDER_VARIABLE));
        shared = named == null ? null : Path.of(named).toAbsolutePath();
        Optional<PublishedVocabulary> exact = PublishedVocabulary.of(vocabulary);
        if (exact.isPresent()) {
            places.add(folder.resolve(exact.get().file()));
            if (shared != null) {
                places.add(shared.resolve(exact.get().file()));
            }
        } else {
            // Only what lies beside the checkpoint was put there for it: GPT-2's vocabulary is padded to 50,304 as well.
            PublishedVocabulary.paddedTo(vocabulary).forEach(p -> places.add(folder.resolve(p.file())));
            places.add(folder.resolve(PublishedVocabulary.OTHER));
        }
    }

    /** The first place that holds a file. */
    Optional<Path> file() {
        return places.stream().filter(Files::isRegularFile).findFirst();
    }

    /** Says what was looked for and where, and which other tokenizer files lie there. */
    NoSuchFileException notFound() {
        StringBuilder message = new StringBuilder("no tokenizer found for a model of ").append(vocabulary)
                .append(" tokens; ");
        foreign.ifPresent(kind -> message.append("the one in the checkpoint is of the kind \"").append(kind)
                .append("\", which is not read; "));
        message.append("looked for ").append(names(places));
        Set<Path> others = new TreeSet<>(tokenizersIn(folder));
        if (shared != null) {
            others.addAll(tokenizersIn(shared));
        }
        message.append(others.isEmpty()
                ? "; no other tokenizer file lies there"
                : "; other tokenizer files there: " + names(others));
        message.append("; name the right one explicitly");
        if (shared == null && PublishedVocabulary.of(vocabulary).isPresent()) {
            message.append(", or its folder with the environment variable ").append(FOLDER_VARIABLE);
        } else if (shared != null && !Files.isDirectory(shared)) {
            message.append("; the folder of tokenizers ").append(shared).append(" does not exist");
        }
        return new NoSuchFileException(checkpoint.toString(), null, message.toString());
    }

    private static String names(Collection<Path> paths) {
        List<String> names = new ArrayList<>();
        for (Path path : paths) {
            if (names.size() == MOST_NAMED) {
                return String.join(", ", names) + " and " + (paths.size() - MOST_NAMED) + " more";
            }
            names.add(path.toString());
        }
        return String.join(", ", names);
    }

    private static List<Path> tokenizersIn(Path folder) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            int looked = 0;
            for (Path file : files) {
                if (++looked > MOST_FILES_LOOKED_AT) {
                    break;
                }
                if (Files.isRegularFile(file) && isTokenizer(file)) {
                    found.add(file);
                }
            }
        } catch (IOException | RuntimeException e) {
            // A folder that cannot be listed shows nothing; what is missing is reported all the same.
            return found;
        }
        return found;
    }

    private static boolean isTokenizer(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.equals("tokenizer_config.json")) {
            return false;
        }
        if (NAME.matcher(name).matches()) {
            return true;
        }
        if (!name.endsWith(".txt") && !name.endsWith(".json")) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            return CONTENT.matcher(new String(in.readNBytes(HEAD), StandardCharsets.ISO_8859_1)).matches();
        } catch (IOException e) {
            return false;
        }
    }
}
