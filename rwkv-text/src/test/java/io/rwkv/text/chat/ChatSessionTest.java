package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.GenerationOptions;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Conversations with a model that writes what it is told to. */
class ChatSessionTest extends ChatFixture {
    @Test
    void aConversationShouldBeReadAsTheTemplateHasIt() {
        ChatSession session = chat().system("Be terse.").open();
        assertEquals("System: Be terse.\n\n", session.text());
        assertConsistent(session);
        List<String> pieces = new ArrayList<>();
        ChatReply reply = session.message("Hi\n\nthere ").options(writing(" Hello.")).run(pieces::add);
        assertEquals("Hello.", reply.text());
        assertEquals("Hello.", String.join("", pieces));
        assertTrue(reply.complete());
        assertTrue(reply.kept());
        assertEquals("System: Be terse.\n\nUser: Hi\nthere\n\nAssistant: Hello.", session.text());
        session.message("b").options(writing(" c")).run();
        assertEquals("System: Be terse.\n\nUser: Hi\nthere\n\nAssistant: Hello.\n\nUser: b\n\nAssistant: c",
                session.text());
        assertConsistent(session);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", " x", "\n\nx", " x\n", " x \n\n", " x\n\nUser: never", "x\r\ny", " \r\nx\r\n", " x\r",
            " x.\n\nUser:", "", " ", "é\n", " x\n\nUse", "\u3000x\u3000"})
    void whateverTheModelWritesShouldStandAsTheTemplateHasIt(String written) {
        String expected = Blanks.strip(written.replace("\r\n", "\n").replaceAll("\n\nUser:.*", ""));
        for (GenerationOptions options : List.of(writing(written), spelling(written))) {
            ChatSession session = chat().open();
            List<String> pieces = new ArrayList<>();
            ChatReply reply = session.message("a").options(options).run(pieces::add);
            assertEquals(expected, reply.text());
            assertEquals(expected, String.join("", pieces));
            assertEquals("User: a\n\nAssistant:" + (expected.isEmpty() ? "" : " " + expected), session.text());
            assertConsistent(session);
        }
    }

    @Test
    void aReplyWithoutAnyBlanksAmissShouldNotBeReadAgain() {
        ChatSession session = chat().open();
        int[] chosen = {' ' + 1, 'a' + 1, TOKENIZER.vocabularySize() + 1, 'b' + 1}; // the third stands for nothing
        session.message("a").options(options(chosen)).run();
        int[] tokens = session.tokens();
        int[] last = java.util.Arrays.copyOfRange(tokens, tokens.length - 4, tokens.length);
        assertArrayEquals(chosen, last);
        assertConsistent(session);
    }

    @Test
    void goingBackShouldLeaveNoTrace() {
        ChatSession session = chat().system("s").snapshots(2).open();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            texts.add(session.text());
            session.message("question " + i).options(writing(" answer " + i)).run();
        }
        assertEquals("answer 7", session.undo().reply().text());
        assertEquals(texts.get(7), session.text());
        assertConsistent(session);
        session.rewind(2); // further back than copies go
        assertEquals(texts.get(2), session.text());
        assertConsistent(session);
        session.regeneration().options(writing(" other")).run();
        assertEquals(List.of("answer 0", "other"), replies(session));
        assertConsistent(session);
        session.edit(0, "new question").options(writing(" new")).run();
        assertEquals("System: s\n\nUser: new question\n\nAssistant: new", session.text());
        assertConsistent(session);
        session.message("b").options(writing(" c")).run();
        session.editReply(0, " edited\n\nreply ");
        assertEquals("System: s\n\nUser: new question\n\nAssistant: edited\n\nreply", session.text());
        assertConsistent(session);
        session.system("other");
        assertEquals("System: other\n\nUser: new question\n\nAssistant: edited\n\nreply", session.text());
        assertConsistent(session);
        session.rewind(0);
        assertConsistent(session);
        assertThrows(IllegalStateException.class, session::undo);
        assertThrows(IllegalStateException.class, session::regeneration);
        assertThrows(IndexOutOfBoundsException.class, () -> session.rewind(1));
        assertThrows(IndexOutOfBoundsException.class, () -> session.edit(0, "a"));
    }

    @Test
    void forksShouldGoTheirOwnWays() {
        ChatSession session = chat().open();
        session.message("a").options(writing(" b")).run();
        ChatSession fork = session.fork();
        fork.message("c").options(writing(" d")).run();
        assertConsistent(session);
        session.undo();
        session.message("e").options(writing(" f")).run();
        assertEquals("User: a\n\nAssistant: b\n\nUser: c\n\nAssistant: d", fork.text());
        assertEquals("User: e\n\nAssistant: f", session.text());
        assertConsistent(fork);
        assertConsistent(session);
        fork.undo();
        assertConsistent(fork);
        assertNotSame(fork.state(), fork.state());
    }

    @Test
    void whatIsThrownShouldLeaveTheSessionAsItWas() {
        ChatSession session = chat().open();
        session.message("a").options(writing(" b")).run();
        ChatRequest request = session.message("c").options(writing(" defgh"));
        IllegalStateException own = new IllegalStateException("own");
        assertEquals(own, assertThrows(IllegalStateException.class, () -> request.run(piece -> {
            if (piece.contains("f")) {
                throw own;
            }
        })));
        assertEquals("User: a\n\nAssistant: b", session.text());
        assertConsistent(session);
        // Also in place of a turn: the old one stays.
        assertThrows(IllegalStateException.class, () -> session.edit(0, "x").options(writing("y")).run(piece -> {
            throw own;
        }));
        assertEquals("User: a\n\nAssistant: b", session.text());
        assertConsistent(session);
        assertThrows(ArithmeticException.class, () -> session.message("x")
                .options(GenerationOptions.builder().sampler(() -> logits -> {
                    throw new ArithmeticException();
                }).build()).run());
        assertThrows(IllegalArgumentException.class, () -> session.say(" \n"));
        assertEquals("User: a\n\nAssistant: b", session.text());
        request.run();
        assertConsistent(session);
    }

    @Test
    void aCancelledReplyShouldStayAsFarAsItWasGivenOut() {
        ChatSession session = chat().open();
        StringBuilder given = new StringBuilder();
        ChatReply reply = session.message("a").options(spelling(" one  two three"))
                .cancelledWhen(() -> given.length() >= 5).run(given::append);
        assertEquals(given.toString(), reply.text());
        assertTrue(reply.kept());
        assertFalse(reply.complete());
        assertEquals(Reason.CANCELLED, reply.generation().orElseThrow().reason());
        assertEquals("User: a\n\nAssistant: " + given, session.text());
        assertConsistent(session);
        AtomicInteger asked = new AtomicInteger();
        ChatReply tag = session.message("b").thinking(Thinking.SHORT).options(spelling("> c</think>d"))
                .cancelledWhen(() -> asked.incrementAndGet() > 3).run();
        assertFalse(tag.kept(), tag.content());
        assertEquals(1, session.turns().size());
        ChatReply none = session.message("b").options(writing(" c")).cancelledWhen(() -> true).run();
        assertFalse(none.kept());
        assertEquals(1, session.turns().size());
        assertConsistent(session);
    }

    @Test
    void aSecondCallShouldBeRefusedWhileOneIsUnderWay() {
        ChatSession session = chat().open();
        session.message("a").options(writing(" b")).run(piece -> {
            assertThrows(IllegalStateException.class, () -> session.say("c"));
            assertThrows(IllegalStateException.class, session::undo);
            assertThrows(IllegalStateException.class, session::fork);
            assertThrows(IllegalStateException.class, session::state);
            assertThrows(IllegalStateException.class, () -> session.message("c").stream());
            assertTrue(session.message("c").start().isCompletedExceptionally());
            assertEquals("", session.text());
        });
        assertConsistent(session);
    }

    @Test
    void aRequestForATurnThatIsGoneShouldBeRefused() {
        ChatSession session = chat().open();
        session.message("a").options(writing(" b")).run();
        session.message("c").options(writing(" d")).run();
        ChatRequest edit = session.edit(1, "e");
        session.rewind(0);
        assertThrows(IllegalStateException.class, edit::run);
        session.rewind(0);
        session.message("a").options(writing(" b")).run();
        session.message("c").options(writing(" d")).run();
        ChatRequest last = session.edit(1, "e").options(writing(" f"));
        session.undo();
        assertThrows(IllegalStateException.class, last::run, "would be a new turn");
        ChatRequest again = session.regeneration().options(writing(" g"));
        session.message("h").options(writing(" i")).run();
        assertThrows(IllegalStateException.class, again::run, "would drop a turn");
        assertEquals(2, session.turns().size());
        assertConsistent(session);
    }

    @Test
    void hintsShouldStayWithTheirTurns() {
        ChatSession session = chat().thinking(Thinking.SHORT).open();
        ChatReply reply = session.message("a").options(writing(">b\n</think>\nc")).run();
        assertEquals("b", reply.thought());
        assertEquals("c", reply.text());
        session.thinking(Thinking.SKIPPED);
        session.message("d").options(writing(">\n\ne")).run();
        assertEquals("User: a (think a bit)\n\nAssistant: <think>b\n</think>\nc\n\nUser: d\n\n"
                + "Assistant: <think></think>\n\ne", session.text());
        assertConsistent(session);
        session.rewind(1);
        session.regeneration().thinking(Thinking.NONE).options(writing(" f")).run();
        assertEquals("User: a\n\nAssistant: f", session.text());
        assertThrows(IllegalArgumentException.class,
                () -> chat().template(PromptTemplate.WORLD).thinking(Thinking.SHORT).open());
    }

    @Test
    void anEarlierConversationShouldBeGoneOnWith() {
        ChatSession session = chat().system("s")
                .history(List.of(ChatMessage.user("a"), ChatMessage.assistant("b"))).open();
        session.message("c").options(writing(" d")).run();
        assertEquals("System: s\n\nUser: a\n\nAssistant: b\n\nUser: c\n\nAssistant: d", session.text());
        assertConsistent(session);
        assertThrows(IllegalArgumentException.class, () -> chat().history(List.of(ChatMessage.user("a"))));
        assertThrows(IllegalArgumentException.class,
                () -> chat().history(List.of(ChatMessage.assistant("a"), ChatMessage.user("a"))));
    }

    @Test
    void anOwnStateShouldBeWhereItBeginsAgain() {
        RwkvState tuned = MODEL.newState();
        MODEL.logits(TOKENIZER.encode("tuned"), tuned);
        ChatSession session = chat().state(tuned).open();
        session.message("a").options(writing(" b")).run();
        RwkvState expected = tuned.copy();
        MODEL.logits(session.tokens(), expected);
        assertTrue(TinyModel.difference(expected, session.state()) < 1e-4);
        session.rewind(0);
        assertEquals(0, TinyModel.difference(tuned, session.state()));
    }

    @Test
    void specialTokensShouldNotBeWrittenByUsers() {
        ChatSession session = chat().open();
        session.message("<|endoftext|>").options(writing(" b")).run();
        for (int token : session.tokens()) {
            assertTrue(token != END);
        }
        assertConsistent(session);
    }
}
