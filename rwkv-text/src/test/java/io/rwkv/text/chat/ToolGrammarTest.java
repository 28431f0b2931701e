package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.grammar.Grammar;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Set;

class ToolGrammarTest extends ChatFixture {
    private static final Tool BOOK = Tool
            .signature("book(name: string, guests: integer, area?: \"in, side\" | \"terrace\", days: number[])");
    private static final Tool NOW = Tool.signature("now()");

    private static String call(String name, String arguments) {
        return "\n{\"name\":\"" + name + "\",\"arguments\":" + arguments + "}\n```";
    }

    @Test
    void callsShouldBeThoseOfSignatures() {
        Grammar grammar = ToolGrammar.of(List.of(BOOK, NOW));
        assertTrue(grammar.matches(call("now", "{}")));
        assertTrue(grammar.matches(call("book", "{\"name\":\"a\",\"guests\":2,\"days\":[1,2.5]}")));
        assertTrue(grammar.matches(call("book", "{\"name\":\"a\",\"guests\":2,\"area\":\"in, side\",\"days\":[]}")));
        assertFalse(grammar.matches(call("book", "{\"name\":\"a\",\"guests\":2.5,\"days\":[]}")));
        assertFalse(grammar.matches(call("book", "{\"name\":\"a\",\"guests\":2}")));
        assertFalse(grammar.matches(call("book", "{\"name\":\"a\",\"guests\":2,\"area\":\"out\",\"days\":[]}")));
        assertFalse(grammar.matches(call("now", "{\"a\":1}")));
        assertFalse(grammar.matches(call("later", "{}")));
        assertFalse(grammar.matches(call("now", "{}") + "x"));
    }

    @Test
    void callsShouldBeThoseOfSchemas() {
        Grammar grammar = ToolGrammar.of(List.of(
                Tool.json("{\"name\":\"a\",\"arguments\":{\"x\":{\"type\":\"integer\"},\"y\":{\"type\":\"boolean\"}}}"),
                Tool.json("{\"name\":\"b\",\"arguments\":{\"x\":{\"type\":\"integer\"}},\"required\":[]}"),
                Tool.json("{\"name\":\"c\",\"parameters\":{\"type\":\"object\",\"properties\":{\"z\":{\"enum\":[1]}},"
                        + "\"additionalProperties\":false}}")));
        assertTrue(grammar.matches(call("a", "{\"x\":1,\"y\":true}")));
        assertFalse(grammar.matches(call("a", "{\"x\":1}")));
        assertTrue(grammar.matches(call("b", "{}")));
        assertTrue(grammar.matches(call("b", "{\"x\":1}")));
        assertTrue(grammar.matches(call("c", "{\"z\":1}")));
        assertFalse(grammar.matches(call("c", "{\"z\":2}")));
    }

    @Test
    void argumentsShouldBeAnObjectWhateverTheSchemaLeavesOpen() {
        Grammar grammar = ToolGrammar.of(List.of(Tool.json("{\"name\":\"a\",\"parameters\":{}}")));
        assertFalse(grammar.matches(call("a", "null")));
        assertTrue(grammar.matches(call("a", "{}")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a(x)", "a(x: date)", "a(x: string | integer)", "a(x: string, x: string)", "a(x: string,)",
            "a(x: \"a)", "{\"name\":\"a\",\"arguments\":[]}", "{\"name\":\"a\",\"parameters\":1}",
            "{\"name\":\"a\",\"arguments\":{\"x\":{\"type\":\"date\"}}}",
            "{\"name\":\"a\",\"parameters\":{\"type\":[\"object\",\"null\"]}}",
            "{\"name\":\"a\",\"parameters\":{\"properties\":{\"child\":{\"$ref\":\"#\"}}}}",
            "{\"name\":\"a\",\"required\":1}"})
    void whatIsNotUnderstoodShouldBeRefusedByName(String tool) {
        List<Tool> tools = List.of(tool.startsWith("{") ? Tool.json(tool) : Tool.signature(tool));
        String message = assertThrows(IllegalArgumentException.class, () -> ToolGrammar.of(tools)).getMessage();
        assertTrue(message.startsWith("tool a: "), message);
    }

    @Test
    void aStrictCallShouldBeACallWhateverTheModelWrites() {
        ChatSession session = chat().tools(BOOK, NOW).open();
        int complete = 0;
        for (int seed = 0; seed < 30; seed++) {
            GenerationOptions options = GenerationOptions.builder().maxTokens(300).temperature(1.5).topP(1).seed(seed)
                    .build();
            ChatReply reply = session.message("a").options(options).strictCall().run();
            if (reply.complete()) {
                complete++;
                assertTrue(Set.of("book", "now").contains(reply.toolCalls().get(0).name()));
            } else {
                assertThrows(ToolCallException.class, reply::toolCalls);
            }
            assertConsistent(session);
            session.undo();
        }
        assertTrue(complete > 3, "complete: " + complete);
    }

    @Test
    void aStrictCallShouldNeedATool() {
        assertThrows(IllegalArgumentException.class, () -> chat().open().message("a").strictCall());
        ChatRequest strict = chat().tools(NOW).open().message("a").strictCall();
        ChatRequest changed = strict.options(GenerationOptions.builder().seed(1).build());
        assertTrue(changed.options().constraint().isPresent(), "other options leave it a call");
        GenerationOptions constrained = GenerationOptions.builder().grammar(Grammar.json()).build();
        assertThrows(IllegalArgumentException.class, () -> strict.options(constrained));
        assertTrue(strict.callTool(true).options().constraint().isEmpty());
        ChatRequest own = chat().tools(NOW).open().message("a")
                .options(GenerationOptions.builder().grammar(Grammar.gbnf("root ::= \"a\"")).build());
        assertEquals("options: expected no constraint beside that of a call, found one",
                assertThrows(IllegalArgumentException.class, own::strictCall).getMessage());
    }
}
