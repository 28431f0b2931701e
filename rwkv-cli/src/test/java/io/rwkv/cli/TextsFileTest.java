package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.cli.TextsFile.Text;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class TextsFileTest {
    @TempDir
    Path folder;

    private Path write(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    @Test
    void eachLineShouldBeATextAsItStands() throws IOException {
        Path file = write("a.txt", "\uFEFFone \r\n\n  {\"prompt\": \"two\"}\n \t\nthree");
        TextsFile texts = TextsFile.read(file, "prompt");
        assertEquals(List.of(new Text(0, "one "), new Text(2, "  {\"prompt\": \"two\"}"), new Text(4, "three")),
                texts.texts());
        assertEquals(file + ", line 5", texts.place(4));
        assertEquals(List.of(), TextsFile.read(write("b.txt", ""), "prompt").texts());
    }

    @Test
    void jsonLinesShouldHoldTextsOfAnyCharacters() throws IOException {
        Path file = write("a.jsonl", "{\"prompt\":\"one\\ntwo\"}\n\n{ \"prompt\" : \"\" }\n");
        assertEquals(List.of(new Text(0, "one\ntwo"), new Text(2, "")), TextsFile.read(file, "prompt").texts());
    }

    @Test
    void whatIsNotUnderstoodShouldBeRefusedByLine() throws IOException {
        for (Map.Entry<String, String> wrong : Map.of("{\"prompt\":3}", "expected an object with a string named prompt",
                "{\"text\":\"x\"}", "expected an object with a string named prompt", "[\"x\"]",
                "expected an object with a string named prompt", "{\"prompt\":\"x\",\"temperature\":0,\"seed\":1}",
                "expected nothing beside prompt, found temperature, seed", "{\"prompt\":\"x\"", "Unexpected end",
                "{\"prompt\":\"x\"} {}", "Trailing token", "{\"prompt\":\"x\",\"prompt\":\"y\"}", "Duplicate field",
                "plain", "Unrecognized token", "{\"prompt\":\"\\ud800\"}", "half of a surrogate pair").entrySet()) {
            Path file = write("a.jsonl", "{\"prompt\":\"one\"}\n" + wrong.getKey() + "\n");
            String message = assertThrows(IOException.class, () -> TextsFile.read(file, "prompt")).getMessage();
            assertTrue(message.startsWith(file + ", line 2: ") && message.contains(wrong.getValue()), message);
        }
    }

    @Test
    void otherThanTextShouldBeRefused() throws IOException {
        assertEquals(folder + ": expected a file of texts, found a folder",
                assertThrows(IOException.class, () -> TextsFile.read(folder, "text")).getMessage());
        Path latin1 = Files.write(folder.resolve("l.txt"), "caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(latin1 + ": expected UTF-8, found other bytes",
                assertThrows(IOException.class, () -> TextsFile.read(latin1, "text")).getMessage());
    }
}
