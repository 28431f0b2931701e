package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class ReplySplitterTest {
    /** In the texts, n is a line feed, r a carriage return and _ a blank. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            // no thought
            "''|_A.|''|A.|false", "''|''|''|''|false", "''|n_An_nB_n|''|An_nB|false",
            "''|A<think>B</think>|''|A<think>B</think>|false",
            "''|<thi|''|<thi|false", "''|</think>A|''|</think>A|false", "''|ArnB|''|AnB|false", "''|ArB|''|ArB|false",
            "''|ArrnB|''|ArnB|false", "''|<thinking>A|''|<thinking>A|false",
            // a thought of the model's own accord
            "''|_<think>A</think>B|A|B|false", "''|<think>A|A|''|true",
            // opened by the prompt
            "<think|>A</think>nnB|A|B|false", "<think|>_A_n</think>_B_|A|B|false",
            "<think|>A<B</thin>k</think>C|A<B</thin>k|C|false",
            "<think|>A</think|A|''|true", "<think|>A</|A|''|true", "<think|>A<|A<|''|true", "<think|''|''|''|true",
            "<think|ing>A|''|<thinking>A|false", "<think|></think>A|''|A|false",
            "<think|>A</think>B</think>C|A|B</think>C|false",
            "<think|>A</</think>B|A</|B|false", "<think|>rA</think>rnB|A|B|false",
            // skipped
            "<think></think|>nnA|''|A|false", "<think></think|''|''|''|true", "<think>n</think|>A|''|A|false",
            "<think></think|s>A|</thinks>A|''|true"})
    void thoughtsAndAnswersShouldBeParted(String begin, String rest, String thought, String answer,
            boolean withinThought) {
        assertParted(plain(begin), plain(rest), plain(thought), plain(answer), withinThought);
    }

    private static String plain(String text) {
        return text.replaceAll("n(?![gk])", "\n").replaceAll("r(?!e)", "\r").replace('_', ' ');
    }

    private static void assertParted(String begin, String rest, String thought, String answer, boolean withinThought) {
        ReplySplitter whole = ReplySplitter.of(begin, rest);
        assertEquals(thought, whole.thought());
        assertEquals(answer, whole.answer());
        assertEquals(withinThought, whole.thinking());
        for (int size = 1; size < 4; size++) {
            List<String> thoughts = new ArrayList<>();
            List<String> answers = new ArrayList<>();
            ReplySplitter splitter = new ReplySplitter(begin, thoughts::add, answers::add);
            for (int i = 0; i < rest.length(); i += size) {
                splitter.accept(rest.substring(i, Math.min(rest.length(), i + size)));
                assertTrue(thought.startsWith(String.join("", thoughts)), "leaked: " + thoughts);
                assertTrue(answer.startsWith(String.join("", answers)), "leaked: " + answers);
            }
            splitter.finish();
            assertEquals(thought, String.join("", thoughts));
            assertEquals(answer, String.join("", answers));
            assertFalse(thoughts.contains("") || answers.contains(""));
        }
    }

    @Test
    void whatWasTakenShouldBeKnown() {
        Random random = new Random(3);
        for (int round = 0; round < 2000; round++) {
            String begin = random.nextBoolean() ? "<think" : "";
            String rest = (begin.isEmpty() ? "" : ">") + word(random) + (begin.isEmpty() ? "" : "</think>\r\n")
                    + word(random);
            StringBuilder taken = new StringBuilder();
            int[] left = {random.nextInt(6)};
            ReplySplitter splitter = new ReplySplitter(begin, piece -> {
                taken.append(piece);
                return true;
            }, piece -> {
                if (left[0]-- <= 0) {
                    return false;
                }
                taken.append(piece);
                return true;
            });
            for (char c : rest.toCharArray()) {
                splitter.accept("" + c);
            }
            splitter.finish();
            if (splitter.gone()) {
                ReplySplitter again = ReplySplitter.of("", splitter.given());
                assertEquals(taken.toString(), again.thought() + again.answer());
            }
        }
    }

    private static String word(Random random) {
        StringBuilder word = new StringBuilder();
        for (int i = random.nextInt(8); i >= 0; i--) {
            word.append("ab \n\r<".charAt(random.nextInt(6)));
        }
        return word.toString();
    }
}
