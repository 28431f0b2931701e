package io.rwkv.benchmarks;

import io.rwkv.demo.DemoModel;
import io.rwkv.text.grammar.Grammar;
import io.rwkv.text.sampling.Constraint;
import io.rwkv.tokenizer.Tokenizer;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * What a grammar costs per token of a text of JSON: the mask of {@link #LOGITS} logits, and taking the token. {@code -prof gc} shows
 * the allocation; new texts, one for each 100 tokens or so, are in it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class GrammarBenchmark {
    static final int LOGITS = 65_536;

    private static final String SCHEMA = """
            {"type": "object", "additionalProperties": false,
             "required": ["name", "born", "tags", "works", "address", "alive"],
             "properties": {
              "name": {"type": "string", "maxLength": 60},
              "born": {"type": "integer", "minimum": 1000, "maximum": 2100},
              "tags": {"type": "array", "items": {"enum": ["writer", "naturalism", "journalist"]}, "maxItems": 5},
              "works": {"type": "array", "items": {"type": "object", "required": ["title", "rating"],
                "properties": {"title": {"type": "string"}, "rating": {"type": "number"}}}},
              "address": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"city": {"type": "string"}}}]},
              "alive": {"type": "boolean"}}}""";
    private static final String TEXT = "{\"name\": \"Émile Zola\", \"born\": 1840, \"tags\": [\"writer\", \"naturalism\"], "
            + "\"works\": [{\"title\": \"Germinal, or what the miners of the north went through\", \"rating\": 4.25}, "
            + "{\"title\": \"Nana \\u2014 漢字\", \"rating\": 39}], \"address\": {\"city\": \"Paris\"}, \"alive\": false}";

    /** A tokenizer's file; empty for the demo model's, of 50,277 tokens. */
    @Param("")
    public String tokenizer;

    /** What texts have to follow: a schema, or JSON of any kind. */
    @Param({"schema", "json"})
    public String grammar;

    private final float[] logits = new float[LOGITS];
    private Tokenizer loaded;
    private int[] text;
    private Grammar known;
    private Constraint constraint;
    private int next;
    private Constraint unknown;
    private int nextUnknown;

    /** Loads the tokenizer and goes through the text once. */
    @Setup
    public void setUp() throws IOException {
        loaded = Tokenizer.load(tokenizer.isEmpty() ? DemoModel.tokenizer() : Path.of(tokenizer));
        text = loaded.encodeOrdinary(TEXT);
        known = read();
        for (int i = 0; i <= text.length; i++) {
            remembered();
        }
    }

    private Grammar read() {
        return grammar.equals("json") ? Grammar.gbnf(Grammar.json().gbnf()) : Grammar.jsonSchema(SCHEMA);
    }

    /** A token where the grammar has been before. */
    @Benchmark
    public float remembered() {
        if (next % text.length == 0) {
            constraint = known.newConstraint(loaded);
            next = 0;
        }
        constraint.restrict(logits);
        constraint.accept(text[next++]);
        return logits[0];
    }

    /** A token where the grammar has not been before, as far as one text goes; reading the grammar is in it, once for each text. */
    @Benchmark
    public float firstTime() {
        if (nextUnknown % text.length == 0) {
            unknown = read().newConstraint(loaded);
            nextUnknown = 0;
        }
        unknown.restrict(logits);
        unknown.accept(text[nextUnknown++]);
        return logits[0];
    }
}
