package io.rwkv.text.internal.masks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

class TokenTrieTest {
    private static final byte[] TEXT = "ababc é 漢字 😀 and all that".getBytes(StandardCharsets.UTF_8);

    @Test
    void walkMeetsEveryTokenOnceAtItsOwnText() {
        Random random = new Random(1);
        for (int round = 0; round < 50; round++) {
            RandomVocabulary vocabulary = RandomVocabulary.of(random, TEXT, 1 + random.nextInt(300), round % 2 == 0);
            TokenTrie trie = TokenTrie.of(vocabulary);
            int[] met = new int[vocabulary.vocabularySize()];
            byte[] path = new byte[trie.longest()];
            for (int node = 0; node < trie.nodes(); node++) {
                int depth = trie.depth(node);
                path[depth - 1] = (byte) trie.label(node);
                for (int id = trie.token(node); id != TokenTrie.NONE; id = trie.nextSame(id)) {
                    met[id]++;
                    assertArrayEquals(vocabulary.text(id), Arrays.copyOf(path, depth));
                    assertArrayEquals(vocabulary.text(id), trie.text(id));
                }
                int end = node + 1;
                while (end < trie.nodes() && trie.depth(end) > depth) {
                    end++;
                }
                assertEquals(end, trie.end(node));
            }
            for (int id = 0; id < met.length; id++) {
                assertEquals(vocabulary.standsForText(id) ? 1 : 0, met[id], "token " + id);
            }
            assertEquals(round % 2 == 0, trie.everyByte());
        }
    }

    @Test
    void isMadeOnceForATokenizer() {
        RandomVocabulary vocabulary = RandomVocabulary.of(new Random(2), TEXT, 10, false);
        assertSame(TokenTrie.of(vocabulary), TokenTrie.of(vocabulary));
    }

    @Test
    void hasNoTextForOtherIds() {
        TokenTrie trie = TokenTrie.of(RandomVocabulary.of(new Random(2), TEXT, 10, false));
        assertNull(trie.text(-1));
        assertNull(trie.text(RandomVocabulary.SPECIAL));
        assertNull(trie.text(trie.vocabulary()));
        assertFalse(trie.everyByte());
        assertTrue(trie.longest() > 0);
    }
}
