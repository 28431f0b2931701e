package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TextModel;
import io.rwkv.text.TinyModel;
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;

class SessionFileTest extends ChatFixture {
    @TempDir
    private Path folder;
    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("session");
    }

    private static ChatSession session() {
        ChatSession session = chat().system("s\u00e9\"\\\n").thinking(Thinking.SHORT)
                .tools(Tool.json("{\"name\":\"now\"}")).snapshots(2).open();
        session.message("a\n\n\uD83D\uDE00").options(writing(">b</think>\n c")).run();
        session.message("d").callTool(true).options(spelling("\n{\"name\":\"now\",\"arguments\":{}}\n```")).run();
        session.toolResult("{}").thinking(Thinking.SKIPPED).options(options('>' + 1, 0xC3 + 1))
                .run();
        return session;
    }

    @Test
    void aTokenizerThatNormalisesShouldKnowItsOwnTokens() throws IOException {
        try (TextModel demo = TextModel.open(io.rwkv.demo.DemoModel.checkpoint())) {
            ChatSession session = demo.chat(PromptTemplate.WORLD)
                    .history(List.of(ChatMessage.user("a"), ChatMessage.assistant("cafe\u0301"))).open();
            session.save(file);
            assertEquals(session.text(), demo.resume(file).text());
        }
    }

    @Test
    void aSavedSessionShouldGoOn() throws IOException {
        ChatSession session = session();
        session.save(file);
        ChatSession resumed = ChatSession.builder(MODEL, TOKENIZER).resume(file);
        assertEquals(session.template(), resumed.template());
        assertEquals(session.system(), resumed.system());
        assertEquals(session.thinking(), resumed.thinking());
        assertEquals(session.tools(), resumed.tools());
        assertEquals(session.turns(), resumed.turns());
        assertEquals(session.text(), resumed.text());
        assertArrayEquals(session.tokens(), resumed.tokens());
        assertEquals(0, TinyModel.difference(session.state(), resumed.state()));
        assertEquals("now", resumed.turns().get(1).reply().toolCalls().get(0).name());
        resumed.message("x").options(writing(">y</think>z")).run();
        assertConsistent(resumed);
        resumed.rewind(1);
        assertConsistent(resumed);
    }

    @Test
    void anOwnTemplateAndStateShouldBeSaved() throws IOException {
        RwkvState tuned = MODEL.newState();
        MODEL.logits(TOKENIZER.encode("tuned"), tuned);
        PromptTemplate own = PromptTemplate.builder("own").userLabel("Q: ").assistantLabel("A:")
                .stopStrings("\n\nQ", "\n\nA")
                .emptyLines(true).defaultSystem("d").build();
        ChatSession session = chat().template(own).state(tuned).open();
        session.message("a").options(writing(" b")).run();
        session.save(file);
        ChatSession resumed = ChatSession.builder(MODEL, TOKENIZER).resume(file);
        assertEquals(own, resumed.template());
        resumed.undo();
        session.undo();
        assertEquals(0, TinyModel.difference(session.state(), resumed.state()));
        assertEquals("d\n\n", resumed.text().substring("System: ".length()));
    }

    @Test
    void aTextModelShouldResume() throws IOException {
        session().save(file);
        TextModel rwkv = TextModel.of(MODEL, TOKENIZER); // not closed: the model is everyone's
        assertEquals(session().text(), rwkv.resume(file).text());
        assertEquals("system: expected none, since the saved session has its own",
                assertThrows(IllegalArgumentException.class, () -> rwkv.chat().system("x").resume(file)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> rwkv.chat(PromptTemplate.G1).resume(file));
        assertThrows(IllegalArgumentException.class, () -> rwkv.chat().thinking(Thinking.LONG).resume(file));
    }

    @Test
    void anyDamageShouldBeRefused() throws IOException {
        session().save(file);
        byte[] good = Files.readAllBytes(file);
        Random random = new Random(5);
        for (int i = 0; i < 400; i++) {
            byte[] bad = good.clone();
            int at = i < 40 ? i : random.nextInt(bad.length);
            bad[at] ^= (byte) (1 << random.nextInt(8));
            refused(bad);
        }
        for (int length = 0; length < good.length; length += 1 + length / 7) {
            refused(Arrays.copyOf(good, length));
        }
        refused(Arrays.copyOf(good, good.length + 1));
        assertThrows(IOException.class, () -> ChatSession.builder(MODEL, TOKENIZER).resume(folder));
        assertThrows(IOException.class, () -> ChatSession.builder(MODEL, TOKENIZER).resume(folder.resolve("none")));
    }

    private void refused(byte[] bytes) throws IOException {
        Files.write(file, bytes);
        RwkvFormatException e = assertThrows(RwkvFormatException.class,
                () -> ChatSession.builder(MODEL, TOKENIZER).resume(file));
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    }

    @Test
    void anotherModelOrTokenizerShouldRefuseIt() throws IOException {
        session().save(file);
        try (RwkvModel other = TinyModel.open(2f)) {
            RwkvFormatException e = assertThrows(RwkvFormatException.class,
                    () -> ChatSession.builder(other, TOKENIZER).resume(file));
            assertTrue(e.getMessage().contains("$.model: expected a session of model " + other.fingerprint()),
                    e.getMessage());
        }
        WorldTokenizer other = TinyModel.tokenizer("User: a");
        RwkvFormatException e = assertThrows(RwkvFormatException.class,
                () -> ChatSession.builder(MODEL, other).resume(file));
        assertTrue(e.getMessage().contains("$.turns[0].promptTokens: expected those of this tokenizer"),
                e.getMessage());
    }

    @Test
    void whatIsNotInOrderInAConversationShouldBeRefused() {
        assertEquals(4, SessionJson.read(members(json -> {}), new ChatBuilder(MODEL, TOKENIZER)).turns().size() + 1);
        wrong("$.thinking: expected one of", json -> json.put("thinking", "HARD"));
        wrong("$: expected only members that are known, found x", json -> json.put("x", "y"));
        wrong("$.system: expected a value, found nothing", json -> json.remove("system"));
        wrong("snapshots: expected 1 or more", json -> json.put("snapshots", new Json.Num("0")));
        wrong("$.snapshots: expected a whole number", json -> json.put("snapshots", new Json.Num("1.5")));
        wrong("$.turns[0].replyTokens: expected those of the reply", json -> turn(json).put("reply", ">b</think>\n d"));
        wrong("$.turns[0].begin: expected that of its thinking", json -> turn(json).put("begin", ""));
        wrong("$.turns[0].promptTokens: expected those of", json -> turn(json).put("hint", "LONG"));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> turn(Map<String, Object> json) {
        return (Map<String, Object>) ((List<?>) json.get("turns")).get(0);
    }

    @SuppressWarnings("unchecked")
    private static Members members(Consumer<Map<String, Object>> change) {
        Map<String, Object> json = (Map<String, Object>) Json.parse(Json.write(SessionJson.of(session(), false, 2)));
        change.accept(json);
        return new Members("$", json);
    }

    private static void wrong(String message, Consumer<Map<String, Object>> change) {
        String found = assertThrows(IllegalArgumentException.class,
                () -> SessionJson.read(members(change), new ChatBuilder(MODEL, TOKENIZER))).getMessage();
        assertTrue(found.startsWith(message), found);
    }

    @Test
    void aFileThatCannotBeWrittenShouldLeaveTheOldOne() throws IOException {
        ChatSession session = session();
        session.save(file);
        byte[] good = Files.readAllBytes(file);
        assertThrows(IOException.class, () -> session.save(folder.resolve("none/session")));
        session.save(file);
        assertArrayEquals(good, Files.readAllBytes(file));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }
}
