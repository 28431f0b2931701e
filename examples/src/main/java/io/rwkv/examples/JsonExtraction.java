package io.rwkv.examples;

import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * From free text to a Java record. The model may only write JSON that is valid by a schema, so that it always can be read, whatever the
 * model. Whether it is true is another matter: the demo model has learnt no such thing, and makes something up.
 */
public final class JsonExtraction {
    /** What to find in a text. */
    public record Offer(String seller, String city, List<Item> items) {}

    /** One of the things offered. */
    public record Item(String name, int count, double price) {}

    private static final String SCHEMA = """
            {"type": "object",
             "properties": {
               "seller": {"type": "string", "maxLength": 40},
               "city": {"type": "string", "maxLength": 30},
               "items": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"$ref": "#/$defs/item"}}},
             "required": ["seller", "city", "items"],
             "$defs": {"item": {
               "type": "object",
               "properties": {
                 "name": {"type": "string", "maxLength": 30},
                 "count": {"type": "integer", "minimum": 1, "maximum": 1000},
                 "price": {"type": "number", "minimum": 0, "multipleOf": 0.01}},
               "required": ["name", "count", "price"]}}}
            """;

    private static final String TEXT = "Maria Keller from Graz builds instruments. She sells two violins for 4200.50 euros each, "
            + "and a cello for 9000 euros.";

    private JsonExtraction() {
    }

    /** @param args a checkpoint, then a text; by default the demo model and a text about violins */
    public static void main(String[] args) throws IOException {
        Path checkpoint = args.length > 0 ? Path.of(args[0]) : DemoModel.checkpoint();
        String text = args.length > 1 ? args[1] : TEXT;
        String prompt = "User: What is offered here, by whom, in which city? Answer in JSON.\n" + text
                + "\n\nAssistant:";
        GenerationOptions options = GenerationOptions.builder().maxTokens(300).temperature(0.3).seed(1).build();
        try (TextModel rwkv = TextModel.open(checkpoint)) {
            Generation answer = rwkv.request(prompt).options(options).json(SCHEMA).run();
            if (answer.reason() != Generation.Reason.COMPLETE) { // the limit of tokens came first
                throw new IOException("no whole answer in " + options.maxTokens() + " tokens: " + answer.text());
            }
            Offer offer = new ObjectMapper().readValue(answer.text(), Offer.class);
            System.out.println(answer.text().strip());
            System.out.println(offer);
        }
        if (args.length == 0) {
            System.out.println("(It is valid, but made up: the demo model only knows definitions of words.)");
        }
    }
}
