package io.rwkv.text.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.TinyModel;
import io.rwkv.text.internal.masks.RandomVocabulary;
import io.rwkv.text.sampling.Constraint;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Test;

import java.util.List;

class GrammarTest {
    private static void matches(String gbnf, List<String> texts, List<String> others) {
        Grammar grammar = Grammar.gbnf(gbnf);
        texts.forEach(text -> assertTrue(grammar.matches(text), gbnf + " matches " + text));
        others.forEach(text -> assertFalse(grammar.matches(text), gbnf + " matches " + text));
    }

    @Test
    void readsTheNotation() {
        matches("root ::= \"yes\" | \"no\"", List.of("yes", "no"), List.of("", "ye", "yess", "yesno"));
        matches("root ::= [a-c]+ \"-\" [^a-c\\n]?", List.of("abc-", "a-d", "c-é"), List.of("-", "a-a", "a-\n", "d-"));
        matches("root ::= [-a] [b-]{2}", List.of("-b-", "a--"), List.of("a-", "b--"));
        matches("root ::= ( \"a\" # first\n | \"b\" )* \"c\"", List.of("c", "abbac"), List.of("ab", "cc"));
        matches("root ::= a |\n \"b\"\n | \"c\"\na ::= \"a\"{2}", List.of("aa", "b", "c"), List.of("a", "bc"));
        matches("root ::= a\r\na ::=\r\n  \"a\"\r\n", List.of("a"), List.of("\r"));
        matches("root ::= \"\\x41\\u00e9\\U0001F600\\t\\n\\r\\\\\\\"\\[\\]\"", List.of("Aé😀\t\n\r\\\"[]"),
                List.of("A"));
        matches("root ::= .{2}", List.of("é😀", "\n\n"), List.of("é", "abc"));
        matches("root ::= \"a\"{2,3} \"b\"{0,1} \"c\"{1,}", List.of("aac", "aaabccc"),
                List.of("aab", "aaaac", "aabbc"));
        matches("root ::= \"\" | \"a\" |", List.of("", "a"), List.of("aa"));
        matches("root ::= a_b-2\na_b-2 ::= \"x\"", List.of("x"), List.of());
        matches("root ::= [\\]\\[\\-\\^\\\\\"]*", List.of("][-^\\\""), List.of("a"));
        matches("root ::= [\\u0000-\\U0010FFFF]", List.of("a", "\0", "😀"), List.of("", "\ud83d"));
        matches("root ::= \"a\"", List.of("a"), List.of("?", "\ud83d", "a\ud83d"));
        matches("root ::= \"?\"", List.of("?"), List.of("\ud83d", "\ude00"));
    }

    @Test
    void followsRulesInRules() {
        matches("root ::= \"(\" root \")\" root | \"\"", List.of("", "()(())", "(".repeat(5000) + ")".repeat(5000)),
                List.of("(", "())", "(".repeat(5000) + ")".repeat(4999)));
        matches("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"d\"", List.of("aaadbcb", "d"),
                List.of("aadb", "adbb"));
        matches("root ::= x \"1\" | y \"2\"\nx ::= \"(\" x \")\" | \"a\"\ny ::= \"(\" y \")\" | [ab]",
                List.of("((a))1", "((a))2", "(b)2"), List.of("(b)1", "((a)1"));
        matches("root ::= (\"a\"* \"b\"*)* ((\"c\"?){3}){2}", List.of("", "abbacc", "cccccc"),
                List.of("ccccccc", "ca"));
        matches("root ::= root | \"a\"", List.of("a"), List.of("aa"));
    }

    /** What can never be completed is no way to go. */
    @Test
    void leavesOutBranchesWithoutEnd() {
        Grammar grammar = Grammar
                .gbnf("root ::= \"a\" endless | \"b\" (\"c\" endless)? (\"d\" endless)*\nendless ::= \"x\" endless");
        assertTrue(grammar.matches("b"));
        Constraint constraint = grammar.newConstraint(TinyModel.tokenizer());
        float[] logits = new float[300];
        constraint.restrict(logits);
        assertEquals(Float.NEGATIVE_INFINITY, logits[1 + 'a']);
        assertEquals(0, logits[1 + 'b']);
        constraint.accept(1 + 'b');
        assertTrue(constraint.mayEnd());
        assertFalse(constraint.mayContinue());
    }

    /** Two thousand to the power of two readings, of which each is as good as the others. */
    @Test
    void staysSmallWhereTextsHaveManyReadings() {
        String ways = "root ::= p root \"x\" | q root \"y\" | \"a\" root \"z\" | \"b\"\np ::= \"a\" \"\"?\nq ::= \"a\"{1}\n";
        assertTrue(Grammar.gbnf(ways).matches("a".repeat(2000) + "b" + "xyz".repeat(700).substring(0, 2000)));
        assertFalse(Grammar.gbnf(ways).matches("a".repeat(2000) + "b" + "xyz".repeat(700).substring(0, 1999)));
        String pieces = "root ::= item+\nitem ::= [a-z]{1,9} | [a-z]+ \",\"? | item2{2}\nitem2 ::= [a-z] [a-z]*";
        assertTrue(Grammar.gbnf(pieces).matches("abcdefgh".repeat(500)));
        assertFalse(Grammar.gbnf(pieces).matches("abcdefgh".repeat(500) + "1"));
        String nested = "root ::= \"a\" root root | \"a\" root | \"a\"";
        assertTrue(Grammar.gbnf(nested).matches("a".repeat(300)));
        // Thousands of places at once, in each of which the text may be.
        assertTrue(Grammar.gbnf("root ::= (\"a\" | \"b\"?){3000}").matches("ab".repeat(20)));
    }

    /** Sixty rules that call the next one twice, met from the last to the first: two to the power of sixty ways to call the last one. */
    @Test
    void takesEachStepOnceInWhateverOrderRulesAreMet() {
        StringBuilder gbnf = new StringBuilder("root ::= ");
        for (int i = 59; i > 0; i--) {
            gbnf.append("\"!\" a").append(i).append(" | ");
        }
        gbnf.append("a0\n");
        for (int i = 0; i < 60; i++) {
            gbnf.append("a").append(i).append(" ::= a").append(i + 1).append(" a").append(i + 1).append(" \"-\"?\n");
        }
        Grammar grammar = Grammar.gbnf(gbnf + "a60 ::= \"x\"* | \"y\" a0 \"z\"");
        assertTrue(grammar.matches("xxx-yxzx-"));
        assertFalse(grammar.matches("xxx-yxzzx-"));
    }

    @Test
    void forgetsWhatTakesTooMuchMemory() {
        Grammar small = Grammar.gbnf("root ::= \"(\" root \")\" root | \"\"", 2000);
        assertTrue(small.matches("(()())".repeat(3000)));
        String deep = "(".repeat(20_000);
        assertTrue(small.matches(deep + ")".repeat(20_000)));
        assertFalse(small.matches(deep + ")".repeat(20_001)));
    }

    @Test
    void saysWhatAndWhereIfNoTokenIsLeft() {
        Tokenizer few = RandomVocabulary.of(List.of(new byte[]{'a'}, new byte[]{'b'}));
        Constraint constraint = Grammar.gbnf("root ::= \"ab\" \"\\ncd\"").newConstraint(few);
        float[] logits = new float[5];
        constraint.accept(0);
        constraint.restrict(logits);
        constraint.accept(1);
        assertTrue(constraint.mayContinue(), "it is no end");
        String message = assertThrows(IllegalStateException.class, () -> constraint.restrict(logits)).getMessage();
        assertTrue(
                message.contains("grammar root ::= \"ab\" \"\\ncd\" after \"ab\"") && message.contains("single bytes"),
                message);

        Constraint optional = Grammar.gbnf("root ::= \"a\" \"c\"?").newConstraint(few);
        optional.accept(0);
        assertTrue(optional.mayEnd());
        assertFalse(optional.mayContinue(), "the text may end, and nothing else is possible");
    }

    @Test
    void refusesTokensThatItForbade() {
        Constraint constraint = Grammar.gbnf("root ::= \"ab\"").newConstraint(TinyModel.tokenizer("ab", "abc"));
        for (int token : new int[]{0, -1, 1000, 259, 1 + 'b'}) {
            assertThrows(IllegalStateException.class, () -> constraint.accept(token), "token " + token);
        }
        String message = assertThrows(IllegalStateException.class, () -> constraint.accept(258)).getMessage();
        assertTrue(message.contains("token 258, \"abc\""), message);
        constraint.accept(257);
        assertTrue(constraint.mayEnd());
    }

    @Test
    void keepsItsText() {
        String gbnf = "root ::= \"a\"\n";
        assertEquals(gbnf, Grammar.gbnf(gbnf).gbnf());
    }
}
