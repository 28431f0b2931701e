package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;
import io.rwkv.demo.DemoModel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

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
}
