package io.rwkv.examples;

import io.rwkv.core.RwkvState;
import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceOptions;
import io.rwkv.text.serving.ServiceRequest;
import io.rwkv.text.serving.ServiceStatistics;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/**
 * Many conversations at once on one model. Each has a state of its own, which is all of its past, and says something new when the
 * answer is there. The service reads the next tokens of all of them in one pass over the weights.
 */
public final class ManyConversations {
    private static final List<String> TURNS = List.of("A violin is a musical", "\nA dog is a domestic",
            "\nA kitchen is a room");

    private final TextModel rwkv;
    private final GenerationService service;

    private ManyConversations(TextModel rwkv, GenerationService service) {
        this.rwkv = rwkv;
        this.service = service;
    }

    /** Takes all turns of one conversation, one after another; gives its text. */
    private CompletableFuture<String> converse(int number) {
        RwkvState state = rwkv.newState();
        CompletableFuture<String> text = CompletableFuture.completedFuture("");
        for (String turn : TURNS) {
            GenerationOptions options = GenerationOptions.builder().maxTokens(40).topP(0.8).seed(number).build();
            text = text.thenCompose(before -> service
                    .submit(ServiceRequest.of(rwkv.request(turn).options(options).stop("\n").state(state))
                            .caller("user " + number))
                    .thenApply(answer -> before + turn + answer.text()));
        }
        return text;
    }

    /** @param args how many conversations, then a checkpoint; by default 32 with the demo model */
    public static void main(String[] args) throws IOException, InterruptedException {
        int count = args.length > 0 ? Integer.parseInt(args[0]) : 32;
        Path checkpoint = args.length > 1 ? Path.of(args[1]) : DemoModel.checkpoint();
        ServiceOptions options = ServiceOptions.builder().maxSequences(32).queueCapacity(count).build();
        try (TextModel rwkv = TextModel.open(checkpoint); GenerationService service = rwkv.serve(options)) {
            ManyConversations conversations = new ManyConversations(rwkv, service);
            List<CompletableFuture<String>> texts = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                texts.add(conversations.converse(i));
            }
            CompletableFuture<Void> all = CompletableFuture.allOf(texts.toArray(new CompletableFuture<?>[0]));
            while (!all.isDone()) {
                print(service.statistics());
                Thread.sleep(100);
            }
            print(service.statistics());
            System.err.println();
            for (int i = 0; i < Math.min(3, count); i++) {
                System.out.println(texts.get(i).join() + "\n");
            }
        }
    }

    private static void print(ServiceStatistics now) {
        System.err.printf(Locale.ROOT, "\r%4d answers, %3d running, %3d waiting, %6d tokens, %6.1f tokens/s   ",
                now.completed(), now.running(), now.queued(), now.generatedTokens(), now.tokensPerSecond());
    }
}
