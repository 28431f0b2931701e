package io.rwkv.loader;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A vocabulary that many checkpoints share.
 *
 * @param file its name wherever it is published
 * @param tokens the number of its ids
 * @param rows the number of rows in the checkpoints published with it
 */
record PublishedVocabulary(String file, int tokens, int rows) {
    /** Training code pads a vocabulary to a multiple of 512 at most; the published ones have 6 spare rows or none. */
    static final int MOST_SPARE_ROWS = 512;
    /** What every other vocabulary's file is called. */
    static final String OTHER = "tokenizer.json";

    private static final List<PublishedVocabulary> ALL = List.of(
            new PublishedVocabulary("20B_tokenizer.json", 50277, 50277),
            new PublishedVocabulary("rwkv_vocab_v20230424.txt", 65530, 65536));

    private boolean isFor(int vocabulary) {
        return vocabulary == tokens || vocabulary == rows;
    }

    private boolean mayBePaddedTo(int vocabulary) {
        return vocabulary >= tokens && vocabulary - tokens <= MOST_SPARE_ROWS;
    }

    /** The one of just so many rows. */
    static Optional<PublishedVocabulary> of(int vocabulary) {
        return ALL.stream().filter(p -> p.isFor(vocabulary)).findFirst();
    }

    /** Those that so many rows may be with spare ones; another of about their size is as likely. */
    static Stream<PublishedVocabulary> paddedTo(int vocabulary) {
        return ALL.stream().filter(p -> p.mayBePaddedTo(vocabulary));
    }

    /** The name of the one that goes with so many rows, spare ones or none; {@value #OTHER} if none does. */
    static String usualName(int vocabulary) {
        return ALL.stream().filter(p -> p.isFor(vocabulary) || p.mayBePaddedTo(vocabulary)).findFirst()
                .map(PublishedVocabulary::file).orElse(OTHER);
    }
}
