package io.rwkv.text.grammar;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class GrammarTest {
    @Test
    void x() {
        Grammar g = Grammar.gbnf("root ::= \"a\" root \"b\" | [é-ü]{2,3}");
        assertTrue(g.matches("aaaéübbb"));
        assertFalse(g.matches("aaaéübb"));
        assertFalse(g.matches("aaaéüùùbbb"));
        assertTrue(g.matches("aaaéüùbbb"));
    }
}
