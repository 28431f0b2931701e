package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Set;

class ToolCallTest extends ChatFixture {
    private static final Set<String> NAMES = Set.of("now", "book");
    private static final String CALL = "{\"name\": \"book\", \"arguments\": {\"guests\": 4, \"name\": \"Ada \\\"A\\\"\\n😀\"}}";
    private static final String ARGUMENTS = "{\"guests\":4,\"name\":\"Ada \\\"A\\\"\\u000a\\ud83d\\ude00\"}";

    @ParameterizedTest
    @ValueSource(strings = {CALL, "```json\n" + CALL + "\n```", "Here you are:\n```json\n" + CALL + "```\nDone.",
            "[" + CALL + "]", " \n" + CALL + "\n"})
    void aCallShouldBeFound(String answer) {
        List<ToolCall> calls = ToolCallParser.parse(answer, NAMES);
        assertEquals(1, calls.size());
        assertEquals("book", calls.get(0).name());
        assertEquals(Json.parse(ARGUMENTS), Json.parse(calls.get(0).arguments()));
        assertEquals(ARGUMENTS, calls.get(0).arguments());
    }

    @Test
    void severalCallsShouldBeFoundInTheirOrder() {
        String now = "{\"name\":\"now\",\"arguments\":{}}";
        String quoted = "{\"name\":\"book\",\"arguments\":{\"note\":\"```\\\"```\"}}";
        List<ToolCall> calls = ToolCallParser.parse("```json\n" + quoted + "\n```\n```json\n[" + now + "," + CALL
                + "]\n```", NAMES);
        assertEquals("[book{\"note\":\"```\\\"```\"}, now{}, book" + ARGUMENTS + "]", calls.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Four guests.", "Use `now()`.", "```\n{}\n```", "```java\nint a;\n```"})
    void whatIsNoCallShouldBeNone(String answer) {
        assertEquals(List.of(), ToolCallParser.parse(answer, NAMES));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{}", "[1]", "{\"name\":\"now\"}", "{\"name\":1,\"arguments\":{}}",
            "{\"name\":\"now\",\"arguments\":[]}", "{\"name\":\"now\",\"arguments\":\"{}\"}",
            "{\"name\":\"later\",\"arguments\":{}}", "{\"name\":\"now\",\"arguments\":{},\"id\":1}",
            "{\"name\":\"now\",\"arguments\":{\"a\":1,\"a\":2}}", "{\"name\":\"now\",\"arguments\":{}} and more",
            "```json\n{\"name\":\"now\",\"arguments\":{}}", "```json\nnow()\n```", "```json\n```",
            "```json\n{\"name\":\"now\",\"arguments\":{}}\n```\n```json\n{\"name\":\"n"})
    void aMalformedCallShouldBeReported(String answer) {
        ToolCallException e = assertThrows(ToolCallException.class, () -> ToolCallParser.parse(answer, NAMES));
        assertTrue(e.getMessage().startsWith("call of a tool: "), e.getMessage());
        assertTrue(answer.contains(e.text()));
    }

    @Test
    void aConversationShouldCallATool() {
        ChatSession session = chat()
                .tools(Tool.json("{\"name\":\"book\",\"arguments\":{}}"), Tool.json("{\"name\":\"now\"}"))
                .open();
        ChatReply reply = session.message("A table for four.").callTool(true)
                .options(writing("\n" + CALL + "\n```\n\n")).run();
        assertEquals("book", reply.toolCalls().get(0).name());
        assertEquals("ok", session.toolResult("{\"booked\":\n\ntrue}").options(writing(" ok")).run().text());
        assertEquals("System: Tools:\n[\n{\"name\":\"book\",\"arguments\":{}},\n{\"name\":\"now\"}\n]\n"
                + "Return only a JSON function call.\n\nUser: A table for four.\n\nAssistant: ```json\n" + CALL
                + "\n```\n\nUser: Function output:\n{\"booked\":\ntrue}\n\nAssistant: ok", session.text());
        assertConsistent(session);
        assertEquals(List.of(), session.turns().get(1).reply().toolCalls());
        ChatReply wrong = session.message("And now?").options(writing(" {\"name\":\"no\"}")).run();
        assertThrows(ToolCallException.class, wrong::toolCalls);
    }

    @Test
    void withoutToolsNothingShouldBeACall() {
        ChatSession session = chat().open();
        assertEquals(List.of(), session.message("a").options(writing(" {}")).run().toolCalls());
        assertThrows(IllegalArgumentException.class,
                () -> chat().template(PromptTemplate.WORLD).tools(Tool.signature("now()")).open());
        ChatSession world = chat().template(PromptTemplate.WORLD).open();
        assertThrows(IllegalArgumentException.class, () -> world.toolResult("{}"));
        assertThrows(IllegalArgumentException.class, world.message("a").callTool(true)::run);
    }
}
