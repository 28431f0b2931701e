package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.TreeMap;

class ByteTrieTest {

    @Test
    void shouldHoldNothingAtFirst() {
        ByteTrie trie = new ByteTrie.Builder().build();

        for (int b = 0; b < 256; b++) {
            assertEquals(ByteTrie.NONE, trie.child(trie.root(), (byte) b));
        }
        assertEquals(ByteTrie.NONE, ByteTrie.value(trie.root()));
        assertFalse(ByteTrie.isString(trie.root()));
        assertEquals(ByteTrie.NONE, trie.valueOf(new byte[0]));
    }

    @Test
    void shouldKeepFirstValueOfStringAddedTwice() {
        ByteTrie.Builder builder = new ByteTrie.Builder();

        assertEquals(ByteTrie.NONE, builder.add(new byte[]{1, 2}, ByteTrie.MAX_VALUE));
        assertEquals(ByteTrie.NONE, builder.add(new byte[]{1}, 0));
        assertEquals(ByteTrie.MAX_VALUE, builder.add(new byte[]{1, 2}, 3));
        assertEquals(ByteTrie.MAX_VALUE, builder.build().valueOf(new byte[]{1, 2}));
    }

    @Test
    void shouldKnowEveryNodeAndNoOther() {
        Random random = new Random(11);
        for (int round = 0; round < 40; round++) {
            // Latin-1, a char for a byte, so that strings can be keys.
            TreeMap<String, Integer> strings = new TreeMap<>();
            ByteTrie.Builder builder = new ByteTrie.Builder();
            int letters = round % 2 == 0 ? 256 : 3;
            for (int i = random.nextInt(600); i > 0; i--) {
                String string = random.ints(1 + random.nextInt(5), 0, letters).collect(StringBuilder::new,
                        (all, b) -> all.append((char) b), StringBuilder::append).toString();
                if (strings.putIfAbsent(string, i) == null) {
                    builder.add(bytes(string), i);
                }
            }
            ByteTrie trie = builder.build();
            for (String string : strings.keySet()) {
                long node = trie.root();
                int last = ByteTrie.NONE;
                int end = 0;
                for (int at = 1; at <= string.length(); at++) {
                    String path = string.substring(0, at);
                    node = trie.child(node, (byte) path.charAt(at - 1));
                    last = strings.getOrDefault(path, last);
                    end = strings.containsKey(path) ? at : end;
                    assertEquals(last, ByteTrie.value(node));
                    assertEquals(strings.containsKey(path), ByteTrie.isString(node));
                    assertEquals(strings.getOrDefault(path, ByteTrie.NONE), trie.valueOf(bytes(path)));
                    assertEquals(end, trie.endOfLastString(bytes(string), 0, at));
                }
                for (int b = 0; b < 256; b++) {
                    String longer = string + (char) b;
                    String next = strings.ceilingKey(longer);
                    boolean isPath = next != null && next.startsWith(longer);
                    assertEquals(isPath, trie.child(node, (byte) b) != ByteTrie.NONE);
                }
            }
        }
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }
}
