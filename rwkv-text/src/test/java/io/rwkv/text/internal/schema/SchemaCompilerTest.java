package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

/** What is written for a schema, and what is not. Schemas and texts have ' in place of ". */
class SchemaCompilerTest {
    private static String json(String text) {
        return text.replace('\'', '"');
    }

    private static void check(String schema, List<String> written, List<String> not) {
        String grammar = SchemaCompiler.compile(json(schema));
        GrammarWalk walk = new GrammarWalk(grammar);
        written.forEach(text -> assertTrue(walk.matches(json(text)), () -> text + " by\n" + grammar));
        not.forEach(text -> assertFalse(walk.matches(json(text)), () -> text + " by\n" + grammar));
    }

    @Test
    void shouldWriteAReadableGrammar() {
        assertEquals(
                """
                        root ::= " "? json
                        json ::= "{\\"name\\"" colon string comma "\\"age\\"" colon age (comma "\\"tags\\"" colon tags)? "}"
                        colon ::= ":" " "?
                        string ::= "\\"" char* "\\""
                        char ::= [^"\\\\\\x00-\\x1F] | "\\\\" (["\\\\/bfnrt] | "u" unit)
                        unit ::= [0-9A-Ca-cE-Fe-f] hex hex hex | [Dd] [0-7] hex hex | [Dd] [89ABab] hex hex "\\\\u" [Dd] [C-Fc-f] hex hex
                        hex ::= [0-9A-Fa-f]
                        age ::= "0" | "1" age-number | [2-9] age-number-2
                        tags ::= "[" (string (comma string){0,2})? "]"
                        comma ::= "," " "?
                        age-number ::= ([0-4] age-number-2 | "5" age-number-3 | [6-9])?
                        age-number-2 ::= [0-9]?
                        age-number-3 ::= "0"?
                        """,
                SchemaCompiler.compile(
                        json("""
                                {'type':'object','properties':{'name':{'type':'string'},
                                'age':{'type':'integer','minimum':0,'maximum':150},
                                'tags':{'type':'array','items':{'type':'string'},'maxItems':3}},'required':['name','age']}""")));
    }

    @Test
    void shouldKeepWhitespaceBounded() {
        check("{'type':'object','properties':{'a':{'type':'array','items':{'type':'null'}}}}",
                List.of("{'a':[null,null]}", "{'a': [null, null]}", " {'a': [null,null]}", "{'a':[]}", "{}"),
                List.of("  {}", "{ }", "{'a':  []}", "{'a': [ ]}", "{'a':[null ,null]}", "{}\n", "\n{}"));
    }

    @Test
    void shouldKeepTheOrderOfProperties() {
        String schema = """
                {'type':'object','properties':{'a':{'const':1},'b':{'const':2},'c':{'const':3},'d':{'const':4}},
                'required':['c']}""";
        check(schema,
                List.of("{'c':3}", "{'a':1,'c':3}", "{'b':2,'c':3}", "{'a':1,'b':2,'c':3,'d':4}", "{'c':3,'d':4}"),
                List.of("{}", "{'a':1}", "{'c':3,'a':1}", "{'a':1,'a':1,'c':3}", "{,'c':3}", "{'c':3,}",
                        "{'c':3,'e':5}",
                        "{'a':1 'c':3}"));
        check(schema.replace(",\n'required':['c']", ""),
                List.of("{}", "{'a':1}", "{'d':4}", "{'b':2,'d':4}", "{'a':1,'b':2,'c':3,'d':4}"),
                List.of("{,'d':4}", "{'b':2,'a':1}", "{'a':1,}"));
    }

    @Test
    void shouldWriteOtherPropertiesWhereTheSchemaSaysSo() {
        check("{'properties':{'a':{'const':1},'aé':true},'additionalProperties':{'const':0}}",
                List.of("{}", "{'a':1}", "{'b':0}", "{'a':1,'b':0,'':0}", "{'aa':0}", "{'ae':0}", "{'aéa':0}",
                        "{'\\\\':0}"),
                List.of("{'a':0}", "{'b':1}", "{'b':0,'a':1}", "{'\\u0061':0}", "{'\\u0062':0}", "{'aé':0,'aé':0}"));
        check("{'type':'object','additionalProperties':{'const':0}}", List.of("{}", "{'x':0}", "{'x':0,'y':0}"),
                List.of("{'x':1}"));
        check("{'type':'object','required':['x'],'additionalProperties':{'const':0}}",
                List.of("{'x':0}", "{'x':0,'y':0}"),
                List.of("{}", "{'y':0}"));
        check("{'type':'object'}", List.of("{}", "{'x':[1,{'y':'z'}]}"), List.of("[]"));
        check("{'type':'object','properties':{}}", List.of("{}"), List.of("{'x':0}"));
        check("{'type':'object','properties':{'a':false,'b':{'const':1}}}", List.of("{}", "{'b':1}"),
                List.of("{'a':1}"));
    }

    @Test
    void shouldWriteAnyValueWhereNothingIsSaid() {
        check("true",
                List.of("1", "-0.5e-10", "'a'", "null", "[true,[{}]]", "{'a':{'b':[]}}", "'\\ud83d\\ude00'", "'\\/'"),
                List.of("01", "1.", ".5", "+1", "'\\ud83d'", "'\\udc00'", "'\\x'", "'\t'", "[1,]", "nul", "1e", "NaN"));
        check("{'title':'x','default':3,'$comment':'','examples':[1],'readOnly':true}", List.of("1", "{}"), List.of());
    }

    @Test
    void shouldTakeListsOfTypes() {
        check("{'type':['integer','null','boolean']}", List.of("1", "-7", "0", "null", "true", "false"),
                List.of("1.0", "'a'", "-0", "[]"));
        check("{'type':['integer','number']}", List.of("1.5"), List.of("null"));
        check("{'minLength':2}", List.of("'ab'"), List.of("'a'", "1", "null"));
        check("{'minLength':2,'minimum':5}", List.of("'ab'", "5"), List.of("'a'", "4", "null"));
    }

    @Test
    void shouldCountItems() {
        String item = "{'type':'array','items':{'const':1}";
        check(item + "}", List.of("[]", "[1]", "[1,1,1]"), List.of("[,1]", "[1,]"));
        check(item + ",'minItems':1}", List.of("[1]", "[1,1]"), List.of("[]"));
        check(item + ",'minItems':2,'maxItems':3}", List.of("[1,1]", "[1,1,1]"), List.of("[]", "[1]", "[1,1,1,1]"));
        check(item + ",'maxItems':0}", List.of("[]"), List.of("[1]"));
        check(item + ",'maxItems':1}", List.of("[]", "[1]"), List.of("[1,1]"));
        String tuple = "{'type':'array','prefixItems':[{'const':1},{'const':2},{'const':3}]";
        check(tuple + "}", List.of("[]", "[1]", "[1,2]", "[1,2,3]"), List.of("[2]", "[1,2,3,4]"));
        check(tuple + ",'items':{'const':0},'minItems':2}", List.of("[1,2]", "[1,2,3]", "[1,2,3,0,0]"), List.of("[1]"));
        check(tuple + ",'items':{'const':0},'minItems':4,'maxItems':5}", List.of("[1,2,3,0]", "[1,2,3,0,0]"),
                List.of("[1,2,3]", "[1,2,3,0,0,0]"));
        check(tuple + ",'minItems':4,'maxItems':4}", List.of("[1,2,3,'any']"), List.of("[1,2,3]"));
        check(tuple + ",'maxItems':2}", List.of("[]", "[1,2]"), List.of("[1,2,3]"));
        check(tuple + ",'items':false,'minItems':3}", List.of("[1,2,3]"), List.of("[1,2]", "[1,2,3,4]"));
        check("{'type':'array','items':false}", List.of("[]"), List.of("[1]"));
    }

    @Test
    void shouldWriteListedValues() {
        check("{'enum':['red','a\\'b',1,1.0,2.50,null,true,[1,{'x':'y'}],{}]}",
                List.of("'red'", "'a\\'b'", "1", "2.50", "null", "true", "[1,{'x':'y'}]", "[1, {'x': 'y'}]", "{}"),
                List.of("red", "'blue'", "2", "[1]", "2.5", "1.0"));
        check("{'type':'string','enum':['a',1,'bcd'],'maxLength':2}", List.of("'a'"), List.of("1", "'bcd'"));
        check("{'enum':[1,2,3],'const':2.0}", List.of("2"), List.of("1"));
        check("{'enum':[1,2,3,'x'],'minimum':2}", List.of("2", "3", "'x'"), List.of("1"));
        check("{'const':1e-50}", List.of("1E-50"), List.of());
    }

    @Test
    void shouldCountCharactersNotBytes() {
        check("{'type':'string','minLength':2,'maxLength':3}",
                List.of("'ab'", "'abc'", "'é🎻'", "'\\n\\u0041'", "'\\ud83d\\ude00a'"),
                List.of("'a'", "'abcd'", "'🎻'", "'\\n'", "'\\u0041'", "'\\ud83d\\ude00'"));
        check("{'type':'string','pattern':'^a*$','minLength':2,'maxLength':3}", List.of("'aa'", "'aaa'"),
                List.of("'a'", "'aaaa'", "'ab'"));
    }

    @Test
    void shouldFindPatternsAnywhereUnlessAnchored() {
        check("{'type':'string','pattern':'b'}", List.of("'b'", "'abc'", "'\\'\\\\\\nb'"), List.of("''", "'ac'"));
        check("{'type':'string','pattern':'^b'}", List.of("'b'", "'bc'"), List.of("'ab'"));
        check("{'type':'string','pattern':'b$'}", List.of("'b'", "'ab'"), List.of("'ba'"));
        check("{'type':'string','pattern':'^a|b$'}", List.of("'a'", "'ac'", "'cb'"), List.of("'cac'", "''"));
        check("{'type':'string','pattern':'^\\\\x01\\\\t$'}", List.of("'\\u0001\\t'"), List.of("''"));
    }

    @Test
    void shouldFollowReferences() {
        check("""
                {'$ref':'#/$defs/tree','$defs':{'tree':{'type':'object','properties':{'v':{'const':1},
                'kids':{'type':'array','items':{'$ref':'#/$defs/tree'}}},'required':['v']}}}""",
                List.of("{'v':1}", "{'v':1,'kids':[]}", "{'v':1,'kids':[{'v':1,'kids':[{'v':1}]},{'v':1}]}"),
                List.of("{}", "{'v':1,'kids':[{}]}"));
        check("{'properties':{'next':{'$ref':'#'}}}", List.of("{}", "{'next':{'next':{}}}"), List.of("{'next':1}"));
        check("{'$ref':'#/definitions/a~1b%25','definitions':{'a/b%':{'const':1}}}", List.of("1"), List.of("2"));
        check("{'$ref':'#/$defs/a','minimum':5,'$defs':{'a':{'type':'integer','maximum':7}}}", List.of("5", "7"),
                List.of("4", "8"));
    }

    @Test
    void shouldCombineSchemas() {
        check("{'anyOf':[{'const':1},{'type':'null'},false]}", List.of("1", "null"), List.of("2"));
        check("{'type':'object','properties':{'a':{'type':'integer'},'b':{'const':1}},'anyOf':[{'required':['a']},{'required':['b']}]}",
                List.of("{'a':1}", "{'b':1}", "{'a':1,'b':1}"), List.of("{}"));
        check("""
                {'allOf':[{'type':'object','properties':{'a':{'type':'integer','minimum':3}},'required':['a']},
                {'properties':{'b':{'const':1},'a':{'maximum':4}},'required':['b']}]}""",
                List.of("{'a':3,'b':1}", "{'a':4,'b':1}"), List.of("{'a':5,'b':1}", "{'b':1}", "{'a':3}"));
        check("""
                {'allOf':[{'properties':{'a':{'const':1}},'additionalProperties':{'type':'integer'}},
                {'properties':{'b':{'minimum':5}}, 'required':['b']}]}""",
                List.of("{'b':5}", "{'a':1,'b':5}", "{'b':7,'c':9}"), List.of("{'b':5.5}", "{'b':4}", "{'c':1}"));
        check("{'allOf':[{'type':'string','pattern':'a'},{'pattern':'b'},{'maxLength':2}]}", List.of("'ab'", "'ba'"),
                List.of("'a'", "'aab'"));
        check("{'type':'string','anyOf':[{'type':'integer'},{'minLength':2}]}", List.of("'ab'"), List.of("1", "'a'"));
        check("{'anyOf':[{'const':1},{'const':2}],'oneOf':[{'const':2},{'const':3}]}", List.of("2"), List.of("1", "3"));
    }

    @Test
    void shouldTakeBranchesThatAreToldApart() {
        check("""
                {'oneOf':[{'properties':{'kind':{'const':'a'},'x':{'const':1}},'required':['kind','x']},
                {'properties':{'kind':{'enum':['b','c']},'y':{'const':1}},'required':['kind']}],'type':'object'}""",
                List.of("{'kind':'a','x':1}", "{'kind':'c'}", "{'kind':'b','y':1}"), List.of("{'kind':'a','y':1}"));
        check("{'oneOf':[{'type':'integer'},{'type':'string'},{'type':'array'}]}", List.of("1", "''", "[1]"),
                List.of("null"));
        check("{'oneOf':[{'type':'integer','maximum':3},{'type':'number','exclusiveMinimum':3}]}", List.of("3", "3.5"),
                List.of());
        check("{'oneOf':[{'type':'string','pattern':'^a'},{'type':'string','pattern':'^[b-z]'}]}",
                List.of("'a'", "'b'"),
                List.of("''", "'A'"));
        check("{'oneOf':[{'type':'string','maxLength':3},{'type':'string','minLength':4}]}", List.of("'a'", "'abcd'"),
                List.of());
        // What is written for the one never has the property that the other requires.
        check("""
                {'oneOf':[{'type':'object','properties':{'a':{'const':1}},'required':['a']},
                {'type':'object','properties':{'b':{'const':1}},'required':['b']}]}""", List.of("{'a':1}", "{'b':1}"),
                List.of("{'a':1,'b':1}", "{}"));
        check("{'oneOf':[{'type':'array','maxItems':1},{'type':'array','minItems':2,'items':{'const':1}}]}",
                List.of("[]", "[3]", "[1,1]"), List.of("[2,2]"));
    }

    @Test
    void shouldAskForNoMoreThanTheDraftOfTheSchema() {
        check("{'$schema':'http://json-schema.org/draft-07/schema#','$id':'https://a.b/c','$ref':'#/definitions/x',"
                + "'definitions':{'x':{'const':1}},'description':'y'}", List.of("1"), List.of("2"));
    }
}
