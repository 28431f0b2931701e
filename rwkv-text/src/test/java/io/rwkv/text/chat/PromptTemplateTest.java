package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;
import io.rwkv.text.TinyModel;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class PromptTemplateTest {
    private static final List<ChatMessage> TWO_TURNS = List.of(ChatMessage.user("Hi\n\nthere "),
            ChatMessage.assistant(" Hello.\n\nYes? "), ChatMessage.user("Name a bird."));

    @Test
    void worldShouldPartTurnsByEmptyLines() {
        assertEquals("User: Hi\nthere\n\nAssistant: Hello.\n\nYes?\n\nUser: Name a bird.\n\nAssistant:",
                PromptTemplate.WORLD.prompt(TWO_TURNS));
        assertEquals(List.of("\n\nUser:"), PromptTemplate.WORLD.stopStrings());
    }

    @Test
    void ravenShouldBeginAsAllOfItsTraining() {
        assertEquals(
                "Below is an instruction that describes a task. Write a response that appropriately completes the "
                        + "request.\n\n# Instruction:\nHi\nthere\n\n# Response:\nHello.\n\nYes?\n\n"
                        + "# Instruction:\nName a bird.\n\n# Response:\n",
                PromptTemplate.RAVEN.prompt(TWO_TURNS));
        assertEquals("Be kind.\n\n# Instruction:\nHi\n\n# Response:\n",
                PromptTemplate.RAVEN.prompt(List.of(ChatMessage.system("Be kind."), ChatMessage.user("Hi"))));
    }

    @Test
    void anOwnTemplateShouldHaveItsOwnLabels() {
        PromptTemplate own = PromptTemplate.builder("own").systemLabel("<sys>").userLabel("<usr>")
                .assistantLabel("<bot>").replyGap("").separator("</s>").emptyLines(true).build();
        assertEquals("<sys>s</s><usr>Hi\n\nthere</s><bot>Hello.\n\nYes?</s><usr>Name a bird.</s><bot>",
                ChatPrompt.builder(own).system("s").messages(TWO_TURNS).build().text());
        assertEquals(List.of("</s><usr>"), own.stopStrings());
        assertEquals(own, own.toBuilder().build());
        assertEquals(List.of("\n\nBob:"), PromptTemplate.builder("Bob").userLabel("Bob: ").build().stopStrings());
    }

    @Test
    void hintsOfEarlierTurnsShouldStay() {
        assertEquals(
                "User: a (think a bit)\n\nAssistant: <think>b</think>\nc\n\nUser: d (think a lot)\n\nAssistant: <think",
                ChatPrompt.builder(PromptTemplate.G1).message(ChatMessage.user("a").hinted(Thinking.SHORT))
                        .message(ChatMessage.assistant("<think>b</think>\nc")).user("d").thinking(Thinking.LONG)
                        .build().text());
    }

    @Test
    void aSystemTextShouldStandBeforeTools() {
        assertEquals("System: Be terse.\nTools:\n- now()\nReturn only a JSON function call.\n\nUser: a\n\nAssistant:",
                ChatPrompt.builder(PromptTemplate.G1).system("Be terse.\n").user("a")
                        .tools(List.of(Tool.signature("now()"))).build().text());
    }

    @Test
    void promptsThatCannotBeAnsweredShouldBeRefused() {
        refused("messages: expected the last one to be a user's or a tool's, found no message", List.of());
        refused("messages: expected the last one to be a user's or a tool's, found one of ASSISTANT",
                TWO_TURNS.subList(0, 2));
        refused("messages: expected the last one to be a user's or a tool's, found one of SYSTEM",
                List.of(ChatMessage.system("s")));
        refused("messages: expected a system's one first only",
                List.of(ChatMessage.user("a"), ChatMessage.system("s"), ChatMessage.user("b")));
        refused("messages[0]: expected text, found only blanks", List.of(ChatMessage.user(" \n")));
    }

    private static void refused(String message, List<ChatMessage> messages) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, () -> PromptTemplate.G1.prompt(messages))
                .getMessage());
    }

    @Test
    void whatTheTemplateDoesNotHaveShouldBeRefused() {
        ChatPrompt.Builder thinking = ChatPrompt.builder(PromptTemplate.WORLD).user("a").thinking(Thinking.SHORT);
        assertEquals("thinking: expected NONE with the template World, found SHORT",
                assertThrows(IllegalArgumentException.class, thinking::build).getMessage());
        ChatPrompt.Builder hinted = ChatPrompt.builder(PromptTemplate.WORLD)
                .message(ChatMessage.user("a").hinted(Thinking.SHORT));
        assertThrows(IllegalArgumentException.class, hinted::build);
        ChatPrompt.Builder tools = ChatPrompt.builder(PromptTemplate.WORLD).user("a")
                .tools(List.of(Tool.signature("now()")));
        assertEquals("tools: expected none with the template World",
                assertThrows(IllegalArgumentException.class, tools::build).getMessage());
        ChatPrompt.Builder both = ChatPrompt.builder(PromptTemplate.G1).user("a").thinking(Thinking.SHORT)
                .callTool(true);
        assertThrows(IllegalArgumentException.class, both::build);
        assertThrows(IllegalArgumentException.class, () -> PromptTemplate.builder("x").assistantLabel("").build());
        assertThrows(IllegalArgumentException.class, () -> PromptTemplate.builder("x").stopStrings("a", ""));
        assertThrows(IllegalArgumentException.class, () -> ChatMessage.tool("a").hinted(Thinking.SHORT));
        assertThrows(IllegalArgumentException.class,
                () -> PromptTemplate.WORLD.prompt(List.of(ChatMessage.tool("{}"))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"now", "'now() '", "(a)", "a b()", "''"})
    void whatIsNoSignatureShouldBeRefused(String signature) {
        assertThrows(IllegalArgumentException.class, () -> Tool.signature(signature));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {"[]", "{}", "{\"name\":1}", "{\"name\":\"\"}",
            "{\"name\":\"a\"", "{\"name\":\"a\",\"name\":\"a\"}", "{\"name\":\"a\"} x"})
    void whatIsNoToolInJsonShouldBeRefused(String object) {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Tool.json(object)).getMessage()
                .startsWith("tool: expected"));
    }

    @Test
    void toolsShouldBeDeclaredInOneWay() {
        Tool signature = Tool.signature("a()");
        Tool json = Tool.json("{\n  \"name\" : \"b\",\n  \"description\": \"two  \\\" words\"\n}\n");
        assertEquals("{\"name\":\"b\",\"description\":\"two  \\\" words\"}", json.line());
        assertThrows(IllegalArgumentException.class, () -> Tool.checkTogether(List.of(signature, json)));
        assertThrows(IllegalArgumentException.class, () -> Tool.checkTogether(List.of(signature, signature)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {"[]|$: expected an object, found an array",
            "{}|$.messages: expected a value, found nothing",
            "{\"messages\":[],\"thinks\":1}|messages: expected the last one to be a user's or a tool's, found no message",
            "{\"kind\":\"x\"}|$.kind: expected chat, fim, question or instruction, found x",
            "{\"kind\":\"fim\",\"prefix\":\"\",\"suffix\":\"\",\"x\":1}|$: expected only members that are known, found x",
            "{\"messages\":[{\"role\":\"bot\"}]}|$.messages[0].role: expected system, user, assistant or tool, found bot",
            "{\"messages\":[],\"think\":\"fake\",\"hint\":\"long\"}|"
                    + "$.hint: expected none beside \"think\": \"fake\", found long",
            "{\"messages\":[],\"think\":\"a lot\"}|$.think: expected none, think, fake, fake_newline or json, found a lot",
            "{\"messages\":[],\"tools\":{\"json\":[1]}}|$.tools.json[0]: expected a string, found a number"})
    void descriptionsThatAreNotUnderstoodShouldBeRefused(String json, String message) {
        assertEquals(message, assertThrows(IllegalArgumentException.class,
                () -> PromptJson.prompt(PromptTemplate.G1, json)).getMessage());
    }

    @Test
    void anInstructionWithoutInputShouldBeAUsersTurn() {
        assertEquals("User: a\nb\n\nAssistant:", Prompts.instruction("a\n\nb ", " "));
    }

    @Test
    void familiesShouldBeToldByVocabularyAndVersion() throws IOException {
        Path folder = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference/tokenizer");
        Assumptions.assumeTrue(Files.isDirectory(folder), folder + " is missing; skipped");
        Tokenizer world = Tokenizer.load(folder.resolve("rwkv_vocab_v20230424.txt"));
        assertSame(PromptTemplate.G1, PromptTemplate.of(config(RwkvVersion.V7), world));
        assertSame(PromptTemplate.WORLD, PromptTemplate.of(config(RwkvVersion.V6), world));
        Tokenizer pile = Tokenizer.load(folder.resolve("20B_tokenizer.json"));
        assertSame(PromptTemplate.RAVEN, PromptTemplate.of(config(RwkvVersion.V4), pile));
    }

    @Test
    void otherFamiliesShouldBeLeftToTheCaller() {
        assertEquals(
                "template: expected the World or the 20B vocabulary, to know one by, found 257 tokens; choose a "
                        + "PromptTemplate",
                assertThrows(IllegalArgumentException.class,
                        () -> PromptTemplate.of(config(RwkvVersion.V7), TinyModel.tokenizer())).getMessage());
    }

    private static RwkvConfig config(RwkvVersion version) {
        return new RwkvConfig(version, 1, 64, version.hasHeads() ? 1 : 0, 256, 65536);
    }
}
