package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rwkv.text.grammar.Grammar;
import io.rwkv.text.grammar.GrammarException;

import org.junit.jupiter.api.Test;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Schemas that are small to write and large to compile end in an exception, soon; large ones that are honest do not. */
class HostileSchemasTest {
    private static void refused(String schema) {
        assertThrows(GrammarException.class, () -> Grammar.jsonSchema(schema.replace('\'', '"')));
    }

    private static void compiled(String schema) {
        assertDoesNotThrow(() -> Grammar.jsonSchema(schema.replace('\'', '"')));
    }

    private static String many(int count, String separator, java.util.function.IntFunction<String> part) {
        return IntStream.range(0, count).mapToObj(part).collect(Collectors.joining(separator));
    }

    @Test
    void shouldRefuseDeepNesting() {
        refused("{'items':".repeat(100_000));
        refused("{'items':".repeat(200) + "true" + "}".repeat(200));
        refused("[".repeat(500_000));
        compiled("{'items':".repeat(90) + "true" + "}".repeat(90));
    }

    @Test
    void shouldRefuseLongTextsAndNumbers() {
        refused("'" + "x".repeat(SchemaDocument.LONGEST) + "'");
        refused("{'minimum':" + "9".repeat(500_000) + "}");
        refused("{'minimum':1e400000000}");
        refused("{'const':1e-400000000}");
        compiled("{'minimum':" + "1".repeat(40) + "}");
        refused("{'minimum':1e-300,'type':'number'}");
    }

    @Test
    void shouldRefuseChoicesThatMultiply() {
        refused("{'allOf':["
                + many(20, ",", i -> "{'anyOf':[{'minimum':" + i + "},{'maxLength':" + i + "},{'maxItems':" + i
                        + "}]}")
                + "]}");
        refused("{'$ref':'#/$defs/a0','$defs':{"
                + many(300, ",", i -> "'a" + i + "':{'$ref':'#/$defs/a" + (i + 1) + "'}")
                + ",'a300':true}}");
        refused("{'$ref':'#/$defs/a0','$defs':{"
                + many(300, ",",
                        i -> "'a" + i + "':{'anyOf':[{'$ref':'#/$defs/a" + (i + 1) + "'},{'const':" + i + "}]}")
                + ",'a300':true}}");
        // The same twice at each of 90 steps is the same once.
        compiled("{'$ref':'#/$defs/a0','$defs':{" + many(90, ",",
                i -> "'a" + i + "':{'allOf':[{'$ref':'#/$defs/a" + (i + 1) + "'},{'$ref':'#/$defs/a" + (i + 1) + "'}]}")
                + ",'a90':{'type':'null'}}}");
    }

    @Test
    void shouldRefuseProofsThatTakeTooLong() {
        String tree = "{'type':'object','properties':{'a':{'$ref':'#/$defs/t'},'b':{'$ref':'#/$defs/t'}},'required':['a','b']}";
        refused("{'$ref':'#/$defs/t','$defs':{'t':{'oneOf':[" + tree + "," + tree + ",{'type':'null'}]}}}");
        // Asks exponentially often whether a value is valid, but remembers the answers.
        String value = "[".repeat(60) + "]".repeat(60);
        compiled("{'enum':[" + value + ",1],'$ref':'#/$defs/x','$defs':{'x':{'anyOf':["
                + "{'type':'array','items':{'$ref':'#/$defs/x'},'maxItems':1},{'type':'array','items':{'$ref':'#/$defs/x'}},"
                + "{'type':'integer'}]}}}");
    }

    @Test
    void shouldRefuseCountsThatAreTooLarge() {
        refused("{'type':'string','maxLength':1000001}");
        refused("{'type':'array','items':{'type':'array','items':{'type':'string','minLength':999999},'minItems':999999},"
                + "'minItems':999999}");
        compiled("{'type':'string','maxLength':65535}");
        compiled("{'type':'array','maxItems':10000}");
    }

    @Test
    void shouldCompileLargeSchemas() {
        compiled("{'type':'object','properties':{" + many(500, ",",
                i -> "'p" + i
                        + "':{'type':'object','properties':{'name':{'type':'string','maxLength':50},'n':{'minimum':" + i
                        + "}}}")
                + "},'additionalProperties':{'type':'string'}}");
        compiled("{'enum':[" + many(5000, ",", i -> "'value " + i + "'") + "]}");
        compiled("{'oneOf':[" + many(60, ",",
                i -> "{'type':'object','properties':{'kind':{'const':'k" + i
                        + "'},'x':{'$ref':'#'}},'required':['kind']}")
                + "]}");
    }
}
