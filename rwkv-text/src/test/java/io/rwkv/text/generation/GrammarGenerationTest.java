package io.rwkv.text.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.grammar.Grammar;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceOptions;
import io.rwkv.text.serving.Submission;
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** A model of random numbers, which would write anything, follows grammars: alone, in lists, and in the service. */
class GrammarGenerationTest {
    private static final RwkvModel MODEL = TinyModel.open();
    private static final WorldTokenizer TOKENIZER = TinyModel.tokenizer("yes", "ye", "no", "\"}", "{\"", "é€", "\": ");
    private static final Grammar GRAMMAR = Grammar
            .gbnf("root ::= (\"yes\" | \"no, \" [é€a-c]{1,5} \".\"){1,4} \"!\"");

    @AfterAll
    static void close() {
        MODEL.close();
    }

    private static Generation.Request request(long seed) {
        GenerationOptions options = GenerationOptions.builder().maxTokens(80).temperature(1.5).topP(1).seed(seed)
                .build();
        return new TextGenerator(MODEL, TOKENIZER).request("Hi").options(options).grammar(GRAMMAR);
    }

    @Test
    void textsShouldFollowTheGrammarHoweverTheyAreRun() {
        List<Generation.Request> requests = new ArrayList<>();
        List<String> alone = new ArrayList<>();
        for (int seed = 0; seed < 40; seed++) {
            requests.add(request(seed));
            Generation result = requests.get(seed).run();
            assertEquals(Reason.COMPLETE, result.reason(), result.text());
            assertTrue(GRAMMAR.matches(result.text()), result.text());
            alone.add(result.text());
        }
        assertTrue(alone.stream().distinct().count() > 10, "different seeds, different texts");
        assertEquals(alone,
                new TextGenerator(MODEL, TOKENIZER).runAll(requests).stream().map(Generation::text).toList());
        try (GenerationService service = new GenerationService(MODEL, ServiceOptions.defaults())) {
            List<Submission> served = requests.stream().map(each -> service.submit(each, piece -> {})).toList();
            assertEquals(alone, served.stream().map(each -> each.join().text()).toList());
        }
    }

    @Test
    void aSchemaShouldBeEnough() {
        String schema = "{\"type\": \"object\", \"properties\": {\"paid\": {\"type\": \"boolean\"}}, \"required\": [\"paid\"]}";
        for (int seed = 0; seed < 10; seed++) {
            Generation result = request(seed).json(schema).run();
            assertEquals(Reason.COMPLETE, result.reason());
            assertTrue(result.text().matches("\\{\"paid\": ?(true|false)}"), result.text());
        }
    }

    @Test
    void blanksOfTheGrammarShouldStay() {
        Grammar grammar = Grammar.gbnf("root ::= \"no\" \"\\n\\n\"");
        GenerationOptions options = request(1).options().toBuilder().trimEnd(true).grammar(grammar).build();
        Generation result = request(1).options(options).run();
        assertEquals(Reason.COMPLETE, result.reason());
        assertTrue(grammar.matches(result.text()), result.text());
    }

    @Test
    void whatIsCutOffShouldSaySo() {
        Generation result = request(1).options(request(1).options().toBuilder().maxTokens(2).build()).run();
        assertEquals(Reason.MAX_TOKENS, result.reason());
    }
}
