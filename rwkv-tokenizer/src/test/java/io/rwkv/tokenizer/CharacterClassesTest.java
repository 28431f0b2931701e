package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

class CharacterClassesTest {
    @Test
    void shouldAgreeWithJavaOnAllThatIsAssigned() {
        Pattern letter = Pattern.compile("\\p{L}");
        Pattern number = Pattern.compile("\\p{N}");
        Pattern space = Pattern.compile("\\p{IsWhite_Space}");
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            byte actual = CharacterClasses.of(c);
            if (Character.getType(c) == Character.UNASSIGNED
                    || Runtime.version().feature() > 19 && isNewerThanUnicode14(c, actual)) {
                continue;
            }
            String character = Character.toString(c);
            byte expected = letter.matcher(character).matches()
                    ? CharacterClasses.LETTER
                    : number.matcher(character).matches()
                            ? CharacterClasses.NUMBER
                            : space.matcher(character).matches() ? CharacterClasses.SPACE : CharacterClasses.OTHER;
            assertEquals(expected, actual, () -> "U+" + Integer.toHexString(character.codePointAt(0)));
        }
    }

    /** A JVM that knows more letters than the table may call OTHER a letter; never the other way round. */
    private static boolean isNewerThanUnicode14(int c, byte actual) {
        return actual == CharacterClasses.OTHER && c > 0x870;
    }

    @Test
    void shouldCountAsUnicode14Does() {
        int letters = 0;
        int numbers = 0;
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            letters += CharacterClasses.of(c) == CharacterClasses.LETTER ? 1 : 0;
            numbers += CharacterClasses.of(c) == CharacterClasses.NUMBER ? 1 : 0;
        }
        assertEquals(131_756, letters);
        assertEquals(1_791, numbers);
        assertEquals(CharacterClasses.LETTER, CharacterClasses.of(0x0870), "new in 14");
        assertEquals(CharacterClasses.OTHER, CharacterClasses.of(0x31350), "new in 15");
    }

    @Test
    void theTableShouldCarryItsLicence() throws IOException {
        try (InputStream in = CharacterClasses.class.getResourceAsStream("/META-INF/LICENSE.unicode")) {
            String licence = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(licence.contains("UNICODE LICENSE V3\n\nCOPYRIGHT AND PERMISSION NOTICE\n")
                    && licence.contains("unicode-14-letters-and-numbers.txt"), licence);
        }
    }
}
