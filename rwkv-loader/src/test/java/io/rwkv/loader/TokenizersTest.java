package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvVersion;
import io.rwkv.demo.DemoModel;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

class TokenizersTest {
    @TempDir
    Path folder;

    private static RwkvConfig config(int vocabulary) {
        return new RwkvConfig(RwkvVersion.V4, 1, 8, 0, 8, vocabulary);
    }

    @AfterEach
    void clear() {
        System.clearProperty(Tokenizers.FOLDER_PROPERTY);
    }

    @Test
    void shouldTakeTheOneBesideTheCheckpoint() throws IOException {
        Files.copy(DemoModel.tokenizer(), folder.resolve("tokenizer.json"));
        assertEquals(4096, Tokenizers.forCheckpoint(folder.resolve("m.pth"), config(4096)).vocabularySize());
    }

    @Test
    void shouldLookInTheConfiguredFolderNext() throws IOException {
        Path other = Files.createDirectory(folder.resolve("vocabularies"));
        Files.copy(DemoModel.tokenizer(), other.resolve("20B_tokenizer.json"));
        System.setProperty(Tokenizers.FOLDER_PROPERTY, other.toString());
        assertEquals(4096, Tokenizers.forCheckpoint(folder.resolve("m.pth"), config(50277)).vocabularySize());
    }

    @Test
    void theOneBesideTheCheckpointShouldComeBeforeTheConfiguredFolder() throws IOException {
        Path shared = Files.createDirectory(folder.resolve("vocabularies"));
        System.setProperty(Tokenizers.FOLDER_PROPERTY, shared.toString());
        for (PublishedVocabulary published : List.of(PublishedVocabulary.of(50277).orElseThrow(),
                PublishedVocabulary.of(65536).orElseThrow())) {
            Path elsewhere = Files.createFile(shared.resolve(published.file()));
            assertEquals(elsewhere, fileFor(published.rows()));
            Path beside = Files.createFile(folder.resolve(published.file()));
            assertEquals(beside, fileFor(published.rows()));
        }
    }

    @Test
    void shouldNameFileAndPlacesIfThereIsNone() {
        System.setProperty(Tokenizers.FOLDER_PROPERTY, folder.resolve("nowhere").toString());
        for (String[] expected : new String[][]{{"50277", "20B_tokenizer.json"},
                {"65536", "rwkv_vocab_v20230424.txt"}}) {
            NoSuchFileException e = assertThrows(NoSuchFileException.class, () -> Tokenizers
                    .forCheckpoint(folder.resolve("m.pth"), config(Integer.parseInt(expected[0]))));
            assertTrue(e.getMessage().contains(folder.resolve(expected[1]).toString()), e.getMessage());
            assertTrue(e.getMessage().contains(folder.resolve("nowhere").resolve(expected[1]).toString()),
                    e.getMessage());
        }
    }

    @Test
    void shouldRecogniseTheWorldVocabulary() throws IOException {
        Files.copy(Shared.reference().resolve("tokenizer/rwkv_vocab_v20230424.txt"),
                folder.resolve("rwkv_vocab_v20230424.txt"));
        assertEquals(65530, Tokenizers.forCheckpoint(folder.resolve("m.pth"), config(65536)).vocabularySize());
    }

    /** A small World vocabulary under any name. */
    private Path world(String name) throws IOException {
        return world(folder, name, 256);
    }

    private static Path world(Path folder, String name, int tokens) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int id = 1; id <= tokens; id++) {
            lines.append(id).append(id <= 256
                    ? String.format(" b'\\x%02x' 1\n", id - 1)
                    : String.format(" 'token%06d' 11\n", id));
        }
        return Files.writeString(folder.resolve(name), lines);
    }

    private Path fileFor(int vocabulary) {
        return Tokenizers.fileFor(folder.resolve("m.pth"), config(vocabulary)).orElse(null);
    }

    private String notFound(int vocabulary) {
        String message = assertThrows(NoSuchFileException.class,
                () -> Tokenizers.forCheckpoint(folder.resolve("m.pth"), config(vocabulary))).getMessage();
        assertTrue(message.contains("a model of " + vocabulary + " tokens"), message);
        return message;
    }

    @ParameterizedTest
    @CsvSource({"50277, 20B_tokenizer.json", "50278, 20B_tokenizer.json", "50280, 20B_tokenizer.json",
            "50304, 20B_tokenizer.json", "50432, 20B_tokenizer.json", "50688, 20B_tokenizer.json",
            "65530, rwkv_vocab_v20230424.txt", "65535, rwkv_vocab_v20230424.txt", "65536, rwkv_vocab_v20230424.txt",
            "65540, rwkv_vocab_v20230424.txt", "65664, rwkv_vocab_v20230424.txt", "66000, rwkv_vocab_v20230424.txt"})
    void aPaddedVocabularyShouldTakeThePublishedFileBesideIt(int vocabulary, String name) throws IOException {
        assertNull(fileFor(vocabulary));
        assertTrue(notFound(vocabulary).contains(folder.resolve(name).toString()));
        Path published = Files.createFile(folder.resolve(name));
        assertEquals(published, fileFor(vocabulary));
        Files.createFile(folder.resolve("tokenizer.json"));
        assertEquals(published, fileFor(vocabulary));
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 300, 4096, 50257, 50276, 50790, 65529, 66043, 128256})
    void otherVocabulariesShouldTakeOnlyTheirOwnFile(int vocabulary) throws IOException {
        Files.createFile(folder.resolve("20B_tokenizer.json"));
        Files.createFile(folder.resolve("rwkv_vocab_v20230424.txt"));
        assertNull(fileFor(vocabulary));
        Path own = Files.createFile(folder.resolve("tokenizer.json"));
        assertEquals(own, fileFor(vocabulary));
    }

    /** GPT-2's vocabulary is padded to 50,304 as well. */
    @Test
    void whatOnlyMayBeAPublishedVocabularyShouldNotComeFromElsewhere() throws IOException {
        Path shared = Files.createDirectory(folder.resolve("shared"));
        Path published = Files.createFile(shared.resolve("20B_tokenizer.json"));
        System.setProperty(Tokenizers.FOLDER_PROPERTY, shared.toString());
        assertEquals(published, fileFor(50277));
        assertNull(fileFor(50304));
        assertTrue(notFound(50304).contains("other tokenizer files there: " + published), notFound(50304));
        Path own = Files.createFile(folder.resolve("tokenizer.json"));
        assertEquals(own, fileFor(50304));
        assertEquals(published, fileFor(50277));
    }

    @Test
    void aCheckpointThatIsAFolderShouldHoldItsTokenizer() throws IOException {
        Path inside = world("tokenizer.json");
        assertEquals(inside, Tokenizers.fileFor(folder, config(300)).orElseThrow());
        assertEquals(257, Tokenizers.forCheckpoint(folder, config(300)).vocabularySize());
    }

    @Test
    void theMessageShouldListTheTokenizersThatDoLieThere() throws IOException {
        assertTrue(notFound(65536).contains("; no other tokenizer file lies there"), notFound(65536));
        for (String name : new String[]{"vocab.json", "tokenizer.model", "merges.txt", "config.json", "notes.txt",
                "tokenizer_config.json", "m.pth"}) {
            Files.createFile(folder.resolve(name));
        }
        Files.createDirectory(folder.resolve("old_tokenizer.json"));
        world("rwkv_vocab_v20230922_chatml.txt");
        world("world.txt");
        Files.copy(DemoModel.tokenizer(), folder.resolve("pile.json"));
        Path shared = Files.createDirectory(folder.resolve("shared"));
        world(shared, "elsewhere.txt", 256);
        System.setProperty(Tokenizers.FOLDER_PROPERTY, shared.toString());

        String message = notFound(65536);
        String listed = message.substring(message.indexOf("other tokenizer files there: "));
        for (String name : new String[]{"vocab.json", "tokenizer.model", "merges.txt", "world.txt", "pile.json",
                "rwkv_vocab_v20230922_chatml.txt", "shared/elsewhere.txt"}) {
            assertTrue(listed.contains(folder.resolve(name).toString()), message);
        }
        for (String name : new String[]{"config.json,", "notes.txt", "tokenizer_config", "m.pth", "old_tokenizer"}) {
            assertFalse(listed.contains(name), message);
        }
    }

    @Test
    void aLongListShouldBeCutAndAMissingFolderNamed() throws IOException {
        for (int i = 0; i < 25; i++) {
            Files.createFile(folder.resolve("vocab" + (char) ('a' + i) + ".txt"));
        }
        System.setProperty(Tokenizers.FOLDER_PROPERTY, folder.resolve("nowhere").toString());
        assertTrue(notFound(300).contains("vocabj.txt and 15 more; name"), notFound(300));
        assertTrue(notFound(300).contains(folder.resolve("nowhere") + " does not exist"), notFound(300));
    }

    @Test
    void aTokenizerWithMoreTokensThanTheModelShouldBeRefused() throws IOException {
        Path file = world("tokenizer.json");
        String message = assertThrows(RwkvFormatException.class,
                () -> Tokenizers.forCheckpoint(folder.resolve("m.pth"), config(256))).getMessage();
        assertTrue(message.contains(file.toString())
                && message.contains("expected a tokenizer of at most 256 tokens, found 257"), message);
        Tokenizer tokenizer = Tokenizer.load(file);
        assertEquals("tokenizer: expected at most the model's 256 tokens, found 257", assertThrows(
                IllegalArgumentException.class, () -> Tokenizers.checkFits(tokenizer, config(256))).getMessage());
    }

    static String logged(Executable call) throws Throwable {
        PrintStream err = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            call.execute();
        } finally {
            System.setErr(err);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTokenizerThatLeavesManyRowsUnusedShouldBeReportedOnceForEachPair() throws Throwable {
        world(folder, "20B_tokenizer.json", 50276);
        Tokenizer tokenizer = Tokenizer.load(folder.resolve("20B_tokenizer.json"));
        String warning = logged(() -> Tokenizers.checkFits(tokenizer, config(65536)));
        assertEquals(1, warning.lines().count(), warning);
        assertTrue(warning.contains("WARN") && warning.contains("50276 tokens and the model 65536: 15260 ")
                && warning.contains("mostly have rwkv_vocab_v20230424.txt"), warning);
        assertEquals("", logged(() -> Tokenizers.checkFits(tokenizer, config(65536))));
        assertEquals("", logged(() -> Tokenizers.checkFits(tokenizer, config(50277))));
        assertEquals("", logged(() -> Tokenizers.checkFits(tokenizer, config(50304))));
        assertEquals("", logged(() -> Tokenizers.checkFits(tokenizer, config(50780))));
        assertFalse(logged(() -> Tokenizers.checkFits(tokenizer, config(51200))).isEmpty());
        assertFalse(logged(() -> Tokenizers.forCheckpoint(folder.resolve("m.pth"), config(50277 + 400))
                .vocabularySize()).contains("WARN"));
    }

    @Test
    void rowsInTheGapsOfAVocabularyShouldCountAsUnused() throws Throwable {
        Path file = world("gaps.txt");
        Files.writeString(file, Files.readString(file) + "65535 'last' 4\n");
        Tokenizer tokenizer = Tokenizer.load(file);
        assertTrue(logged(() -> Tokenizers.checkFits(tokenizer, config(65536))).contains("257 tokens"));
    }

    @Test
    void theWrongFileUnderTheRightNameShouldBeReported() throws Throwable {
        world(folder, "rwkv_vocab_v20230424.txt", 50276);
        assertTrue(logged(() -> Tokenizers.forCheckpoint(folder.resolve("m.pth"), config(65536))).contains("WARN"));
    }
}
