package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

class WorldVocabularyTest {

    /** The line is the third of the test's own; before it come 'ab' as 300 and 'cd' as 301. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            x 'a' 1             | 1  | a token id from 1 to 4194302 | "x 'a' 1"
            'a' 1               | 1  | a token id from 1 to 4194302 | "'a' 1"
            -1 'ef' 2           | 1  | a token id from 1 to 4194302 | "-1 'ef' 2"
            ١ 'ef' 2            | 1  | a token id from 1 to 4194302 | "١ 'ef' 2"
            4194303 'ef' 2      | 1  | a token id from 1 to 4194302 | "4194303 'ef' 2"
            99999999999 'ef' 2  | 1  | a token id from 1 to 4194302 | "99999999999 'ef' 2"
            0 'ef' 2            | 1  | a token id from 1 to 4194302 | 0, which is the end of a text and has no line
            301 'ef' 2          | 1  | an id that no line before has | 301 again
            302 'ab' 2          | 5  | a token that no line before has | that of id 300 again
            302 b'ab' 2         | 5  | a token that no line before has | that of id 300 again
            302 '' 0            | 5  | a token of one byte or more | an empty one
            302                 | 4  | one space | the end of the line
            302'ef' 2           | 4  | one space | "'ef' 2"
            302  'ef' 2         | 5  | a Python literal, as 'text' or b'bytes' | " 'ef' 2"
            302 ef 2            | 5  | a Python literal, as 'text' or b'bytes' | "ef 2"
            302 u'ef' 2         | 5  | a Python literal, as 'text' or b'bytes' | "u'ef' 2"
            302 b               | 5  | a Python literal, as 'text' or b'bytes' | "b"
            302 'ef 2           | 5  | a literal that ends with ' | "'ef 2"
            302 'ef" 2          | 5  | a literal that ends with ' | "'ef" 2"
            302 "ef' 2          | 5  | a literal that ends with " | ""ef' 2"
            302 'ef\\' 2        | 5  | a literal that ends with ' | "'ef\\' 2"
            302 'ef\\           | 8  | an escape of Python's strings | "\\"
            302 'e\\q' 2        | 7  | an escape of Python's strings | "\\q' 2"
            302 'e\\8' 2        | 7  | an escape of Python's strings | "\\8' 2"
            302 '\\N{DIGIT ONE}' 1 | 6 | an escape of Python's strings | "\\N{DIGIT ONE}' 1"
            302 b'\\u00e9' 2    | 7  | an escape of Python's bytes | "\\u00e9' 2"
            302 b'\\400' 1      | 7  | an escape for a byte | "\\400' 1"
            302 b'é' 2          | 7  | only ASCII in a literal of bytes | "é' 2"
            302 '\\x4' 2        | 6  | an escape with 2 hexadecimal digits | "\\x4' 2"
            302 '\\u12３4' 2     | 6  | an escape with 4 hexadecimal digits | "\\u12３4' 2"
            302 '\\U0001F60' 4  | 6  | an escape with 8 hexadecimal digits | "\\U0001F60' 4"
            302 '\\ud83d\\ude00' 4 | 6 | an escape for a character, not for a surrogate, nor beyond U+10FFFF | "\\ud83d\\ude00' 4"
            302 '\\U00110000' 4 | 6  | an escape for a character, not for a surrogate, nor beyond U+10FFFF | "\\U00110000' 4"
            302 '\\UFFFFFFFF' 4 | 6  | an escape for a character, not for a surrogate, nor beyond U+10FFFF | "\\UFFFFFFFF' 4"
            302 'ef'            | 9  | one space | the end of the line
            302 'ef'2           | 9  | one space | "2"
            302 'ef'gh' 5       | 9  | one space | "gh' 5"
            302 'ef' x          | 10 | the token's length, 2 bytes | "x"
            302 'ef' 3          | 10 | the token's length, 2 bytes | "3"
            302 'é' 1           | 9  | the token's length, 2 bytes | "1"
            302 'ef' 99999999999 | 10 | the token's length, 2 bytes | "99999999999"
            302 'ef' 2 #        | 11 | the end of the line | " #"
            302 'ef' 2x         | 11 | the end of the line | "x"
            """)
    void shouldNamePlaceExpectedAndFound(String line, int column, String expected, String found) {
        String file = TestWorldVocabulary.text("300 'ab' 2", "301 'cd' 2", line, "400 'yz' 2");
        for (String text : List.of(file, file.replace("\n", "\r\n"))) {
            assertEquals("small.txt: at line " + (TestWorldVocabulary.FIRST_LINE + 2) + ", column " + column
                    + ": expected " + expected + ", found " + found, refusal(text.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static String refusal(byte[] file) {
        return assertThrows(TokenizerFormatException.class, () -> TestWorldVocabulary.read(file)).getMessage();
    }

    @Test
    void shouldRefuseRawControlCharactersThatPythonDoesNotTake() {
        for (String control : List.of("\0", "\r")) {
            String message = refusal(
                    TestWorldVocabulary.text("300 'a" + control + "b' 3").getBytes(StandardCharsets.UTF_8));
            assertTrue(message.startsWith("small.txt: at line 257, column 7: expected this character as an escape"),
                    message);
        }
    }

    @Test
    void shouldRefuseBlankLineBetweenTokens() {
        assertEquals(
                "small.txt: at line 257, column 1: expected a token, blank lines only at the end, found a blank line",
                refusal(TestWorldVocabulary.text("", "", "300 'ab' 2").getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void shouldRefuseWhatIsNoUtf8() {
        String message = refusal(TestWorldVocabulary.text("300 '\u00ff' 2").getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(message.startsWith("small.txt: at line 257: expected UTF-8, found none: "), message);
        // Half of a surrogate pair in the clear.
        byte[] file = TestWorldVocabulary.text("300 'abc' 3").replace("abc", "\u0001\u0002\u0003")
                .getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < file.length; i++) {
            file[i] = file[i] == 1 ? (byte) 0xED : file[i] == 2 ? (byte) 0xA0 : file[i] == 3 ? (byte) 0x80 : file[i];
        }
        assertTrue(refusal(file).startsWith("small.txt: at line 257: expected UTF-8"));
    }

    @Test
    void shouldNameBytesWithoutToken() {
        List<String> lines = TestWorldVocabulary.bytes();
        lines.removeIf(line -> line.startsWith("66 ") || line.startsWith("256 "));
        assertEquals("small.txt: at the end of the file: expected a token for each of the 256 bytes, "
                + "found none for 41, FF", refusal(String.join("\n", lines).getBytes(StandardCharsets.UTF_8)));
        assertEquals(
                "small.txt: at the end of the file: expected a token for each of the 256 bytes, "
                        + "found none for 00, 01, 02, 03, 04, 05, 06, 07 and 248 more",
                refusal(new byte[0]));
    }

    @Test
    void shouldNotReadEndlessFile() {
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return '1';
            }

            @Override
            public int read(byte[] bytes, int from, int length) {
                Arrays.fill(bytes, from, from + length, (byte) '1');
                return length;
            }
        };
        assertEquals(
                "endless: at the end of what is read: expected a vocabulary of at most 4194304 bytes, found more",
                assertThrows(TokenizerFormatException.class, () -> WorldTokenizer.load(endless, "endless"))
                        .getMessage());
    }

    @Test
    void shouldPassOnFailureToRead() {
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("disk on fire");
            }
        };
        assertEquals("disk on fire",
                assertThrows(IOException.class, () -> WorldTokenizer.load(broken, "x")).getMessage());
        assertThrows(NullPointerException.class, () -> WorldTokenizer.load(null, "x"));
        assertThrows(NullPointerException.class,
                () -> WorldTokenizer.load(new ByteArrayInputStream(new byte[0]), null));
    }

    @Test
    void shouldReadOrRefuseMutatedLines() {
        byte[] bytes = (String.join("\n", TestWorldVocabulary.bytes()) + "\n").getBytes(StandardCharsets.UTF_8);
        byte[] own = "300 'a\\n\\x41é' 5\n301 b'\\xe4\\x00\\0' 3\r\n302 \"\\u4e2d'\\U0001F600\" 8\n303 '\\\\\\'\\\"' 3\n"
                .getBytes(StandardCharsets.UTF_8);
        byte[] likely = "0123456789abxuUN'\"\\ \r\n\t{\0".getBytes(StandardCharsets.UTF_8);
        Random random = new Random(10);
        int refused = 0;
        for (int round = 0; round < 4000; round++) {
            byte[] mutated = own.clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                int at = random.nextInt(mutated.length);
                byte value = random.nextInt(4) == 0 ? (byte) random.nextInt() : likely[random.nextInt(likely.length)];
                int kind = random.nextInt(3);
                byte[] head = Arrays.copyOf(mutated, at + (kind == 1 ? 0 : 1));
                if (kind != 1) {
                    head[at] = value; // instead of a byte or before it; else a byte goes
                }
                byte[] tail = Arrays.copyOfRange(mutated, kind == 2 ? at : at + 1, mutated.length);
                mutated = Arrays.copyOf(head, head.length + tail.length);
                System.arraycopy(tail, 0, mutated, head.length, tail.length);
            }
            byte[] file = Arrays.copyOf(bytes, bytes.length + mutated.length);
            System.arraycopy(mutated, 0, file, bytes.length, mutated.length);
            try {
                TestWorldVocabulary.read(file);
            } catch (TokenizerFormatException e) {
                refused++;
                assertTrue(e.getMessage().startsWith("small.txt: at line "), e.getMessage());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
        assertTrue(refused > 2000 && refused < 3999, refused + " refused");
    }
}
