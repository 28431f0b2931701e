package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.text.sampling.SamplingOptions;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Requests whose prompts begin alike, with a prefix cache. */
class ServiceCacheTest {
    private static final int SYSTEM = 2000; // tokens

    private static GenerationOptions options(long seed) {
        return GenerationOptions.builder().maxTokens(12)
                .sampling(SamplingOptions.builder().topP(1).seed(seed).build()).build();
    }

    private static int[] prompt(int[] system, int... more) {
        int[] prompt = Arrays.copyOf(system, system.length + more.length);
        System.arraycopy(more, 0, prompt, system.length, more.length);
        return prompt;
    }

    @Test
    void whatPromptsBeginWithShouldBeReadOnce() throws Exception {
        int[] system = new Random(1).ints(SYSTEM, 1, 257).toArray();
        try (RwkvModel model = TinyModel.open();
                GenerationService service = new GenerationService(model,
                        ServiceOptions.builder().prefixCacheBytes(1 << 24).build())) {
            TextGenerator generator = new TextGenerator(model, TinyModel.tokenizer());
            long before = 0;
            for (int i = 0; i < 6; i++) {
                Generation.Request request = generator
                        .request(i < 5 ? prompt(system, 'a' + i, 'b', 'c') : prompt(system, 'a', 'b', 'c'))
                        .options(options(i));
                assertEquals(request.run().text(), service.submit(ServiceRequest.of(request)).get().text(),
                        "request " + i);
                long read = service.statistics().promptTokens();
                switch (i) {
                    case 0 -> assertEquals(SYSTEM + 3, read);
                    // From the last stride on; where the prompts part a snapshot is taken.
                    case 1 -> assertEquals(SYSTEM + 3 - 1536, read - before);
                    case 5 -> assertEquals(0, read - before, "known to its end");
                    default -> assertEquals(3, read - before, "from where the prompts part on");
                }
                before = read;
            }
            assertEquals(5, service.prefixCache().orElseThrow().hits());
            RwkvState own = model.newState();
            Generation.Request request = generator.request(prompt(system, 'a', 'b', 'c')).options(options(1))
                    .state(own);
            service.submit(ServiceRequest.of(request)).get();
            assertEquals(SYSTEM + 3, service.statistics().promptTokens() - before,
                    "a state of the caller's uses no cache");
        }
    }

    @Test
    void manyAtOnceShouldGetTheTextsThatTheyGetAlone() throws Exception {
        Random random = new Random(2);
        List<int[]> systems = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            systems.add(random.ints(30 + 100 * i, 1, 257).toArray());
        }
        try (RwkvModel model = TinyModel.open()) {
            RwkvState state = model.newState();
            PrefixCacheOptions small = PrefixCacheOptions.builder().stride(50).minBranch(4)
                    .maxBytes(20 * (state.byteSize() + 2500)).build();
            try (PrefixCache cache = new PrefixCache(model, small);
                    GenerationService service = new GenerationService(model,
                            ServiceOptions.builder().maxSequences(8).promptRows(16).prefixCache(cache).build())) {
                TextGenerator generator = new TextGenerator(model, TinyModel.tokenizer());
                List<Generation.Request> requests = new ArrayList<>();
                List<Submission> submissions = new ArrayList<>();
                for (int i = 0; i < 60; i++) {
                    int[] prompt = prompt(systems.get(random.nextInt(4)),
                            random.ints(1 + random.nextInt(3), 1, 20).toArray());
                    requests.add(generator.request(prompt).options(options(i)));
                    submissions.add(service.submit(ServiceRequest.of(requests.get(i))));
                }
                for (int i = 0; i < requests.size(); i++) {
                    assertEquals(requests.get(i).run().text(), submissions.get(i).get().text(), "request " + i);
                }
                assertTrue(cache.hits() > 20 && cache.evictions() > 0, cache.hits() + " hits, " + cache.evictions());
            }
        }
    }

    @Test
    void aCacheOfAnotherModelShouldBeRefused() {
        try (RwkvModel model = TinyModel.open();
                RwkvModel other = TinyModel.open(2);
                PrefixCache cache = new PrefixCache(other)) {
            ServiceOptions options = ServiceOptions.builder().prefixCache(cache).build();
            assertThrows(IllegalArgumentException.class, () -> new GenerationService(model, options));
        }
    }
}
