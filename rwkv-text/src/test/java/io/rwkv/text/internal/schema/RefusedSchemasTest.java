package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused is refused by its path. */
class RefusedSchemasTest {
    private static SchemaException refused(String schema) {
        return assertThrows(SchemaException.class, () -> SchemaCompiler.compile(schema.replace('\'', '"')), schema);
    }

    @ParameterizedTest
    @ValueSource(strings = {"format", "not", "if", "then", "else", "patternProperties", "propertyNames",
            "minProperties",
            "maxProperties", "dependentRequired", "dependentSchemas", "contains", "minContains", "maxContains",
            "unevaluatedProperties", "unevaluatedItems", "additionalItems", "dependencies", "$anchor", "$dynamicRef",
            "$recursiveRef", "nullable", "id", "contentEncoding", "discriminator", "mistyped"})
    void shouldNameKeywordsThatAreNotSupported(String keyword) {
        assertEquals("#/properties/a~1b/" + keyword + ": this keyword is not supported",
                refused("{'properties':{'a/b':{'type':'string','" + keyword + "':true}}}").getMessage());
        assertEquals("#/anyOf/1/items/" + keyword,
                refused("{'anyOf':[{},{'items':{'" + keyword + "':{}}}]}").path());
        assertEquals("#/$defs/x/" + keyword,
                refused("{'items':{'$ref':'#/$defs/x'},'$defs':{'x':{'" + keyword + "':{}}}}").path());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '→', quoteCharacter = '`', value = {"false → #", "{'enum':[]} → #/enum",
            "{'items':{'minItems':3,'maxItems':2}} → #/items", "{'minLength':3,'maxLength':2} → #",
            "{'properties':{'x':{'minimum':3,'exclusiveMaximum':3}}} → #/properties/x",
            "{'properties':{'x':{'type':'integer','minimum':0.1,'maximum':0.9}}} → #/properties/x",
            "{'type':'string','const':1} → #/const", "{'enum':['a','b'],'pattern':'c'} → #/enum",
            "{'type':'object','properties':{'a':false},'required':['a']} → #",
            "{'properties':{'a':{'$ref':'#'}},'required':['a']} → #", "{'items':{'$ref':'#'},'minItems':1} → #",
            "{'allOf':[{'type':'string'},{'type':'integer'}]} → #/allOf/0/type",
            "{'allOf':[{'const':1},{'const':2}]} → #/allOf/0/const",
            "{'pattern':'^a$','minLength':2} → #/pattern", "{'anyOf':[false,false]} → #"})
    void shouldRefuseWhatAdmitsNothing(String schema, String path) {
        assertEquals(path, refused(schema).path());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '→', quoteCharacter = '`', value = {"[] → #", "3 → #", "{'items':3} → #/items",
            "{'items':[{}]} → #/items",
            "{'type':'text'} → #/type", "{'type':[]} → #/type", "{'type':3} → #/type", "{'enum':3} → #/enum",
            "{'minLength':-1} → #/minLength", "{'minLength':1.5} → #/minLength", "{'minLength':'1'} → #/minLength",
            "{'maxItems':1e99} → #/maxItems", "{'minimum':'1'} → #/minimum",
            "{'exclusiveMinimum':true} → #/exclusiveMinimum",
            "{'multipleOf':0} → #/multipleOf", "{'multipleOf':-1} → #/multipleOf", "{'pattern':'('} → #/pattern",
            "{'pattern':3} → #/pattern", "{'properties':[]} → #/properties", "{'properties':{'x':3}} → #/properties/x",
            "{'required':'x'} → #/required", "{'required':[1]} → #/required", "{'anyOf':[]} → #/anyOf",
            "{'anyOf':{}} → #/anyOf",
            "{'allOf':[3]} → #/allOf/0", "{'prefixItems':{}} → #/prefixItems",
            "{'additionalProperties':3} → #/additionalProperties",
            "{'uniqueItems':true} → #/uniqueItems", "{'$ref':3} → #/$ref", "{'$ref':'other.json'} → #/$ref",
            "{'$ref':'#/$defs/x'} → #/$ref", "{'$ref':'#x'} → #/$ref", "{'$schema':'https://x.y/z'} → #/$schema",
            "{'items':{'$id':'x'}} → #/items/$id", "{'items':{'$schema':'x'}} → #/items/$schema",
            "{'$ref':'#'} → #", "{'allOf':[{'$ref':'#'}]} → #", "{'anyOf':[{'$ref':'#'},{'type':'string'}]} → #",
            "{'$schema':'http://json-schema.org/draft-07/schema','$ref':'#/$defs/x','type':'null','$defs':{'x':true}} → #/$ref",
            "{'$schema':'http://json-schema.org/draft-07/schema','prefixItems':[{}]} → #/prefixItems",
            "{'$schema':'http://json-schema.org/draft-04/schema#','oneOf':[{'const':1},{'const':2}]} → #/$schema",
            "{'oneOf':[{'type':'string','pattern':'^a[^ ]b$'},{'type':'string','enum':['a\u00a0b','a b'],'pattern':'^a\\\\sb$'}]} → #/oneOf",
            "{'multipleOf':86400} → #", "{'minimum':1e60} → #", "{'pattern':'(a|b)*a(a|b){30}'} → #/pattern"})
    void shouldRefuseWhatIsWrong(String schema, String path) {
        assertEquals(path, refused(schema).path());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'oneOf':[{'type':'integer'},{'type':'number'}]}", "{'oneOf':[{},{'type':'number'}]}",
            "{'type':'object','properties':{'a':{},'b':{}},'oneOf':[{'required':['a']},{'required':['b']}]}",
            "{'oneOf':[{'minLength':2},{'type':'integer'}]}", "{'oneOf':[{'enum':[1,2]},{'enum':[2,3]}]}",
            "{'oneOf':[{'type':'string','pattern':'a'},{'type':'string','pattern':'b'}]}",
            "{'oneOf':[{'type':'string','pattern':'^\\\\s$'},{'type':'string','pattern':'^\\\\S$'},{'const':' '}]}",
            "{'oneOf':[{'properties':{'k':{'const':1}}},{'properties':{'k':{'const':2}}}]}",
            "{'oneOf':[{'type':'array','items':{'const':1}},{'type':'array','items':{'const':2}}]}",
            "{'oneOf':[true,true]}"})
    void shouldRefuseBranchesThatMayMeet(String schema) {
        SchemaException e = refused(schema);
        assertTrue(e.getMessage().matches("#/oneOf: branches \\d and \\d may both admit the same value, .*"),
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{'a':}", "{} x", "{'type':'null','type':'null'}", "{'const':1e999999999}",
            "{'const':NaN}"})
    void shouldRefuseWhatIsNotJson(String schema) {
        assertEquals("#", refused(schema).path());
    }

    @Test
    void shouldSayWhereTextIsNotJson() {
        assertTrue(refused("{\n 'a':x}").getMessage().startsWith("#: not JSON (line 2, column "),
                refused("{\n 'a':x}").getMessage());
    }
}
