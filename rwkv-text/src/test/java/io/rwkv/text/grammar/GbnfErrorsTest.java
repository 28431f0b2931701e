package io.rwkv.text.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Each fault is refused, with the place and in words that name it. */
class GbnfErrorsTest {
    private static void refused(int line, int column, String words, String gbnf) {
        GrammarException e = assertThrows(GrammarException.class, () -> Grammar.gbnf(gbnf), gbnf);
        assertEquals(line + ":" + column, e.line() + ":" + e.column(), gbnf + "\n" + e.getMessage());
        assertTrue(e.getMessage().startsWith("line " + line + ", column " + column + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(words), e.getMessage());
    }

    @Test
    void refusesWhatIsNoRule() {
        refused(1, 1, "expected a rule root, found none", "");
        refused(2, 1, "expected a rule root, found none", "a ::= \"b\"\n");
        refused(1, 6, "expected ::=, found =", "root = \"a\"");
        refused(1, 1, "expected a rule's name, found :", "::= \"a\"");
        refused(1, 1, "expected a rule's name, found U+FEFF", "\uFEFFroot ::= \"a\"");
        refused(2, 1, "rule root is defined twice", "root ::= \"a\"\nroot ::= \"b\"");
        refused(1, 14, "rule other is not defined", "root ::= \"a\" other");
        refused(3, 1, "expected what rule root stands for", "root ::=\n\na ::= \"a\"");
        refused(1, 14, "expected the end of the rule, found a", "root ::= \"a\" a ::= \"b\"");
        refused(1, 14, "expected the end of the rule, found )", "root ::= \"a\" )");
        refused(1, 14, "expected the end of the rule, found é", "root ::= \"a\" é");
    }

    @Test
    void refusesWhatIsNoExpression() {
        refused(1, 12, "this string does not end in its line", "root ::= a \"a\nb\"");
        refused(2, 3, "this string does not end in its line", "root ::= (\n  \"a");
        refused(1, 10, "this class does not end", "root ::= [a-");
        refused(1, 10, "expected characters in brackets", "root ::= []");
        refused(1, 10, "expected characters in brackets", "root ::= [^]");
        refused(1, 10, "a class without any", "root ::= [\\uD800-\\uDFFF]");
        refused(1, 10, "a class without any", "root ::= [^\\x00-\\U0010FFFF]");
        refused(1, 11, "the lower character first", "root ::= [b-a]");
        refused(1, 10, "something to repeat before *", "root ::= *");
        refused(1, 14, "something to repeat before +", "root ::= a | +\na ::= \"a\"");
        refused(1, 13, "the smaller number first", "root ::= \"a\"{3,2}");
        refused(1, 14, "expected a number, found x", "root ::= \"a\"{x}");
        refused(1, 14, "expected a number, found ,", "root ::= \"a\"{,2}");
        refused(1, 15, "expected }, found -", "root ::= \"a\"{1-2}");
        refused(1, 14, "a number up to 1000000", "root ::= \"a\"{99999999999}");
        refused(1, 17, "repetitions of one thing", "root ::= \"a\"????*");
        refused(1, 17, "a closing parenthesis for that of line 1, column 10, found the end of the grammar",
                "root ::= (\"a\" | ");
        refused(1, 210, "at most 200 parentheses", "root ::= " + "(".repeat(300) + "\"a\"" + ")".repeat(300));
        refused(1, 10, "tokens in grammars", "root ::= <think>");
        refused(1, 10, "tokens in grammars", "root ::= !<[7]>");
        refused(1, 10, "expected the end of the rule, found %", "root ::= %llguidance");
    }

    @Test
    void refusesCharactersThatAreNone() {
        refused(1, 12, "expected one of the escapes", "root ::= \"a\\q\"");
        refused(1, 12, "expected one of the escapes", "root ::= \"a\\");
        refused(1, 11, "expected 2 hexadecimal digits", "root ::= \"\\x1\"");
        refused(1, 11, "expected 4 hexadecimal digits", "root ::= \"\\u12g4\"");
        refused(1, 11, "up to U+10FFFF, found U+110000", "root ::= \"\\U00110000\"");
        refused(1, 11, "half a surrogate pair", "root ::= \"\\uD83D\\uDE00\"");
        refused(1, 12, "half a surrogate pair", "root ::= \"😀\ud83d\"");
    }

    @Test
    void refusesLeftRecursion() {
        refused(1, 1, "rule root: left recursion", "root ::= root \"a\" | \"b\"");
        refused(2, 1,
                "rule a: left recursion is not supported: before any character is read, it needs rule b, which needs it in turn",
                "root ::= a\na ::= b \"c\" | \"d\"\nb ::= a \"e\"");
        refused(2, 1, "rule a: left recursion", "root ::= \"x\" a\na ::= \"b\"? a \"c\" | \"d\"");
        refused(2, 1, "rule a: left recursion", "root ::= \"x\" a\na ::= (a \"b\")* \"c\"");
    }

    @Test
    void refusesWhatNoTextFollows() {
        refused(2, 1, "found one that never ends", "a ::= \"x\" a\nroot ::= a | \"b\" a");
        refused(1, 1, "found one that never ends", "root ::= \"a\" root");
    }

    /** Small to write, and without a bound large to compile. */
    @Test
    void refusesWhatIsTooLarge() {
        refused(1, 13, "at most 400000 states", "root ::= \"a\"{1000000}");
        refused(2, 18, "at most 400000 states", "root ::= a\na ::= (\"a\" | \"b\"){400000}");
        for (String body : new String[]{"char", "( char )", "( [a-f] | \"\\x01\" .. )", "[^\"]"}) { // called if they are many
            Grammar many = Grammar
                    .gbnf("root ::= " + body + "{0,100000}\nchar ::= [^\"\\\\] | \"\\\\\" ([nr] | \"u\" [0-9a-f]{4})");
            assertTrue(many.matches("abcdef"), body);
        }
        String fifties = "root ::= " + "( char{0,50} \",\" ) ".repeat(500) + "\nchar ::= [^,] | \"\\\\\" [nr]";
        assertTrue(Grammar.gbnf(fifties).matches("abc,".repeat(500)));
        StringBuilder doubled = new StringBuilder("root ::= a0 a0\n");
        for (int i = 0; i < 60; i++) {
            doubled.append("a").append(i).append(" ::= a").append(i + 1).append(" a").append(i + 1).append('\n');
        }
        assertTrue(Grammar.gbnf(doubled + "a60 ::= \"x\" | \"\"").matches("x".repeat(100)));
        StringBuilder nested = new StringBuilder("\"a\"");
        for (int i = 0; i < 20; i++) {
            nested.insert(0, '(').append("){30}");
        }
        assertTrue(Grammar.gbnf("root ::= " + nested + "?").matches(""));
        StringBuilder chain = new StringBuilder("root ::= a0\n");
        for (int i = 0; i < 20_000; i++) {
            chain.append("a").append(i).append(" ::= \"x\"? \"y\"* a").append(i + 1).append('\n');
        }
        assertTrue(Grammar.gbnf(chain + "a20000 ::= \"z\"").matches("z"));
        refused(1, 1 + GbnfParser.LONGEST_TEXT, "at most 4194304 characters", "#".repeat(GbnfParser.LONGEST_TEXT + 1));
    }
}
