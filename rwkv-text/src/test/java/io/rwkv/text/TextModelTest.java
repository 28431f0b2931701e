package io.rwkv.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.CheckpointSource;
import io.rwkv.loader.Checkpoints;
import io.rwkv.text.embedding.SentenceEncoder;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

class TextModelTest {
    private static final GenerationOptions SEEDED = GenerationOptions.builder().maxTokens(20).topP(0.9).seed(3).build();
    private static TextModel rwkv;

    @BeforeAll
    static void open() throws IOException {
        rwkv = TextModel.open(DemoModel.checkpoint());
    }

    @AfterAll
    static void close() {
        rwkv.close();
    }

    @Test
    void oneLineShouldDoEachOfTheThings() {
        String text = rwkv.generate("A dog is");
        assertFalse(text.isBlank());
        assertEquals(256, rwkv.embed("a large metal tower").length);
        assertEquals(rwkv.tokenizer().encode(text).length, rwkv.tokenizer().countTokens(text));
        assertEquals(Pooling.MEAN, rwkv.pooling());
        assertEquals(GenerationOptions.defaults().maxTokens(), rwkv.generationOptions().maxTokens());
    }

    @Test
    void aCheckpointMayComeFromAnywhere() throws IOException {
        Path file = DemoModel.checkpoint();
        try (InputStream in = Files.newInputStream(file);
                TextModel streamed = TextModel.builder(CheckpointSource.stream(in, Files.size(file)))
                        .tokenizer(rwkv.tokenizer()).open()) {
            assertArrayEquals(rwkv.embed("a tower"), streamed.embed("a tower"));
        }
        try (TextModel beside = TextModel.open(CheckpointSource.path(file))) {
            assertEquals(rwkv.tokenizer().countTokens("a tower"), beside.tokenizer().countTokens("a tower"));
        }
    }

    @Test
    void unknownTensorsShouldBeLeftOutWhereThatIsAskedFor(@TempDir Path folder) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        for (StoredTensor tensor : Checkpoints.open(DemoModel.checkpoint()).tensors()) {
            writer.floats(tensor.name(), tensor.shape(), tensor.toFloats());
        }
        Path more = folder.resolve("more.safetensors");
        writer.floats("blocks.0.unheard_of", new long[]{1}, new float[]{1}).write(more);
        TextModel.Builder builder = TextModel.builder(more).tokenizer(rwkv.tokenizer());
        assertThrows(RwkvFormatException.class, builder::open);
        builder.options(RwkvOptions.builder().ignoreUnknownTensors(true).build());
        try (TextModel left = builder.open()) {
            assertArrayEquals(rwkv.embed("a tower"), left.embed("a tower"), 1e-6f);
        }
    }

    @Test
    void allWaysToRunARequestShouldGiveTheSameText() throws Exception {
        Generation.Request request = rwkv.request("A dog is").options(SEEDED);
        List<String> heard = new ArrayList<>();
        String text = request.run(heard::add).text();
        assertEquals(text, String.join("", heard));
        try (Stream<String> pieces = request.stream()) {
            assertEquals(heard, pieces.toList());
        }
        assertEquals(text, request.start().get().text());
        assertEquals(text, rwkv.request(rwkv.tokenizer().encode("A dog is")).options(SEEDED).run().text());
    }

    @Test
    void theBuilderShouldTakeWhatIsNamed(@TempDir Path folder) throws IOException {
        Path alone = Files.copy(DemoModel.checkpoint(), folder.resolve("alone.pth"));
        boolean[] loaded = {false};
        RwkvOptions options = RwkvOptions.builder().progress((done, total) -> loaded[0] = true).build();
        assertThrows(NoSuchFileException.class, () -> TextModel.open(alone, options));
        assertFalse(loaded[0], "no weights are loaded for want of a tokenizer");
        try (TextModel named = TextModel.builder(alone).options(options).tokenizer(DemoModel.tokenizer())
                .generationOptions(SEEDED).pooling(Pooling.LAST).open()) {
            assertTrue(loaded[0]);
            assertSame(SEEDED, named.generationOptions());
            assertEquals(rwkv.request("A dog is").options(SEEDED).run().text(), named.generate("A dog is"));
            assertArrayEquals(new SentenceEncoder(rwkv.model(), rwkv.tokenizer(), Pooling.LAST).encode("x"),
                    named.embed("x"), 1e-5f);
        }
    }

    @Test
    void aTokenizerOfAnotherModelShouldBeRefused() throws IOException {
        try (RwkvModel model = TinyModel.open()) {
            assertThrows(IllegalArgumentException.class, () -> TextModel.of(model, rwkv.tokenizer()));
            assertEquals(TinyModel.VOCABULARY, model.logits(new int[]{1}, model.newState()).length, "still open");
        }
    }

    @Test
    void closingShouldCloseTheModel() {
        TextModel closed = TextModel.of(TinyModel.open(), TinyModel.tokenizer());
        closed.close();
        closed.close();
        assertThrows(IllegalStateException.class, () -> closed.generate("a"));
        assertThrows(IllegalStateException.class, () -> closed.embed("a"));
    }

    @Test
    void cancellingShouldLeaveTheStateFreeAndWhereTheTextEnds() throws Exception {
        WorldTokenizer tokenizer = TinyModel.tokenizer();
        try (TextModel tiny = TextModel.of(TinyModel.open(), tokenizer)) {
            for (int round = 0; round < 20; round++) {
                RwkvState state = tiny.newState();
                StringBuffer heard = new StringBuffer();
                CountDownLatch begun = new CountDownLatch(1 + round % 3);
                GenerationOptions endless = GenerationOptions.builder().maxTokens(Integer.MAX_VALUE)
                        .sampler(() -> logits -> 'a' + 1).build();
                CompletableFuture<Generation> future = tiny.request("A").options(endless).state(state).start(piece -> {
                    heard.append(piece);
                    begun.countDown();
                });
                begun.await();
                assertThrows(IllegalStateException.class, () -> tiny.request("B").state(state).run(), "in use");
                assertTrue(future.cancel(true));
                assertTrue(future.isCancelled());
                RwkvState expected = tiny.newState();
                tiny.model().logits(tokenizer.encode("A" + heard), expected);
                assertTrue(TinyModel.difference(expected, state) < 1e-3);
                tiny.request("B").options(SEEDED).state(state).run();
            }
        }
    }

    @Test
    void aFutureShouldGiveWhatWasThrown() {
        IllegalStateException thrown = new IllegalStateException("enough");
        CompletableFuture<Generation> future = rwkv.request("A dog is").start(piece -> {
            throw thrown;
        });
        assertSame(thrown, assertInstanceOf(IllegalStateException.class,
                assertThrows(ExecutionException.class, future::get).getCause()));
    }

    @Test
    void aFutureMayBeCancelledByItsOwnListener() throws Exception {
        CompletableFuture<CompletableFuture<Generation>> own = new CompletableFuture<>();
        CountDownLatch returned = new CountDownLatch(1);
        CompletableFuture<Generation> future = rwkv.request("A dog is").start(piece -> {
            own.join().cancel(false);
            returned.countDown();
        });
        own.complete(future);
        returned.await();
        assertTrue(future.isCancelled());
    }

    @Test
    void aStateShouldServeOneGenerationAtATime() {
        RwkvState state = rwkv.newState();
        Generation.Request request = rwkv.request("A dog is").options(SEEDED).state(state);
        try (Stream<String> pieces = request.stream()) {
            assertTrue(pieces.findFirst().isPresent());
            String message = assertThrows(IllegalStateException.class, request::run).getMessage();
            assertTrue(message.contains("another generation"), message);
        }
        request.run();
        assertThrows(IllegalStateException.class, () -> request.run(piece -> request.run()));
        request.run();
    }
}
