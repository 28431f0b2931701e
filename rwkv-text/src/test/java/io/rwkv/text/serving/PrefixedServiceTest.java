package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;

/** What a service with a prefix cache need not read. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PrefixedServiceTest {
    private static final RwkvModel MODEL = TinyModel.open();
    private static final TextGenerator GENERATOR = new TextGenerator(MODEL, TinyModel.tokenizer());
    private static final GenerationOptions GREEDY = GenerationOptions.builder().temperature(0).maxTokens(6).build();
    private static final String SYSTEM = "Be terse, and never say that you are. ";

    @AfterAll
    static void close() {
        MODEL.close();
    }

    private static Generation.Request request(String prompt) {
        return GENERATOR.request(prompt).options(GREEDY);
    }

    /** Runs a request and says how many tokens of its prompt were read. */
    private static long read(GenerationService service, Generation.Request request) {
        long before = service.statistics().promptTokens();
        Generation result = service.submit(ServiceRequest.of(request)).join();
        assertEquals(request.run().text(), result.text());
        assertEquals(request.prompt().length, result.promptTokens(), "the state has read all");
        return service.statistics().promptTokens() - before;
    }

    @Test
    void whatPromptsBeginWithShouldBeReadOnce() {
        ServiceOptions options = ServiceOptions.builder().prefixCacheBytes(1 << 20).promptRows(16).promptRowsAlone(16)
                .build();
        try (GenerationService service = new GenerationService(MODEL, options)) {
            int system = SYSTEM.length();
            assertEquals(system + 4, read(service, request(SYSTEM + "Why?")));
            assertEquals(0, read(service, request(SYSTEM + "Why?")), "known with its logits");
            assertEquals(system + 4, read(service, request(SYSTEM + "How?")), "here it is seen where they part");
            assertEquals(5, read(service, request(SYSTEM + "When?")));
            assertEquals(2 * system + 4, service.statistics().cachedTokens());
        }
    }

    @Test
    void whatIsRememberedShouldBeReadByNoRequest() {
        try (PrefixCache cache = new PrefixCache(MODEL);
                GenerationService service = new GenerationService(MODEL,
                        ServiceOptions.builder().prefixCache(cache).build())) {
            service.remember(request(SYSTEM)).join();
            assertEquals(SYSTEM.length(), service.statistics().promptTokens());
            assertEquals(0, service.statistics().generatedTokens());
            assertEquals(4, read(service, request(SYSTEM + "Why?")));
            assertEquals(4, read(service, request(SYSTEM + "How?")));
            service.remember(request(SYSTEM)).join();
            assertTrue(cache.unpin(request(SYSTEM).prompt()), "it was pinned");
            assertEquals(5, read(service, request(SYSTEM + "When?")));
        }
    }

    @Test
    void whatCannotBeRememberedShouldBeSaid() {
        try (GenerationService none = new GenerationService(MODEL, ServiceOptions.defaults());
                GenerationService small = new GenerationService(MODEL,
                        ServiceOptions.builder().prefixCacheBytes(100).build())) {
            assertThrows(IllegalStateException.class, () -> none.remember(request(SYSTEM)));
            assertThrows(IllegalArgumentException.class,
                    () -> small.remember(request(SYSTEM).state(MODEL.newState())));
            CompletionException noRoom = assertThrows(CompletionException.class,
                    () -> small.remember(request(SYSTEM)).join());
            assertEquals("not remembered: the prefix cache has no room for 38 tokens beside what is pinned",
                    noRoom.getCause().getMessage());
            CompletionException cancelled = assertThrows(CompletionException.class,
                    () -> small.remember(request(SYSTEM).cancelledWhen(() -> true)).join());
            assertEquals("not remembered: ended by CANCELLED after 0 of 38 tokens",
                    cancelled.getCause().getMessage());
        }
    }

    @Test
    void aKnownPromptShouldEndWhereItIsToEnd() {
        ServiceOptions options = ServiceOptions.builder().prefixCacheBytes(1 << 20).build();
        try (GenerationService service = new GenerationService(MODEL, options)) {
            read(service, request("abc"));
            Generation.Request none = request("abc").options(GREEDY.toBuilder().maxTokens(0).build());
            Generation result = service.submit(ServiceRequest.of(none)).join();
            assertEquals(Reason.MAX_TOKENS, result.reason());
            assertEquals(0, result.generatedTokens());
            assertEquals(Reason.CANCELLED,
                    service.submit(ServiceRequest.of(request("abc").cancelledWhen(() -> true))).join().reason());
        }
    }

    @Test
    void aStateOfTheCallersShouldNotMeetTheCache() {
        try (PrefixCache cache = new PrefixCache(MODEL);
                GenerationService service = new GenerationService(MODEL,
                        ServiceOptions.builder().prefixCache(cache).build())) {
            for (int i = 0; i < 2; i++) {
                Generation.Request request = request("abc").state(MODEL.newState());
                service.submit(ServiceRequest.of(request)).join();
            }
            assertEquals(6, service.statistics().promptTokens());
            assertEquals(0, cache.hits() + cache.misses() + cache.entries());
        }
    }

    @Test
    void requestsShouldGoOnWithoutACacheThatIsClosed() {
        PrefixCache cache = new PrefixCache(MODEL);
        Gate gate = new Gate(MODEL);
        ServiceOptions options = ServiceOptions.builder().prefixCache(cache).build();
        try (GenerationService service = new GenerationService(MODEL, gate, options); gate) {
            Submission under = service.submit(ServiceRequest.of(request("abc")));
            gate.await(1);
            cache.close();
            gate.open();
            for (Submission submission : List.of(under, service.submit(ServiceRequest.of(request("abc"))))) {
                assertEquals(request("abc").run().text(), submission.join().text());
            }
        }
    }

    /** With a cache that is too small for all of them. */
    @Test
    void manyAtOnceShouldGetTheTextsThatTheyGetAlone() {
        Random random = new Random(2);
        List<int[]> systems = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            systems.add(random.ints(30 + 100 * i, 1, 257).toArray());
        }
        PrefixCacheOptions small = PrefixCacheOptions.builder().stride(50).minBranch(4)
                .maxBytes(20 * (MODEL.newState().byteSize() + 2500)).build();
        ServiceOptions.Builder options = ServiceOptions.builder().maxSequences(8).promptRows(16);
        try (PrefixCache cache = new PrefixCache(MODEL, small);
                GenerationService service = new GenerationService(MODEL, options.prefixCache(cache).build())) {
            List<Generation.Request> requests = new ArrayList<>();
            List<Submission> submissions = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                int[] prompt = IntStream.concat(Arrays.stream(systems.get(random.nextInt(4))),
                        random.ints(1 + random.nextInt(3), 1, 20)).toArray();
                requests.add(GENERATOR.request(prompt).options(GREEDY));
                submissions.add(service.submit(ServiceRequest.of(requests.get(i))));
            }
            for (int i = 0; i < requests.size(); i++) {
                assertEquals(requests.get(i).run().text(), submissions.get(i).join().text(), "request " + i);
            }
            assertTrue(cache.hits() > 20 && cache.evictions() > 0, cache.hits() + " hits, " + cache.evictions());
        }
    }

    @Test
    void aCacheOfAnotherModelShouldBeRefused() {
        try (RwkvModel other = TinyModel.open(); PrefixCache cache = new PrefixCache(other)) {
            ServiceOptions options = ServiceOptions.builder().prefixCache(cache).build();
            assertThrows(IllegalArgumentException.class, () -> new GenerationService(MODEL, options));
        }
    }
}
