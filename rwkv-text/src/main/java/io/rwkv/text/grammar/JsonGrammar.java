package io.rwkv.text.grammar;

/** The grammar of JSON, made when it is first needed. */
final class JsonGrammar {
    static final String TEXT = """
            root     ::= value
            value    ::= object | array | string | number | "true" | "false" | "null"
            object   ::= "{" ws ( member ("," ws member)* ws )? "}"
            member   ::= string " "? ":" ws value
            array    ::= "[" ws ( value ("," ws value)* ws )? "]"
            string   ::= "\\"" char* "\\""
            char     ::= [^"\\\\\\x00-\\x1F] | "\\\\" ( ["\\\\/bfnrt] | "u" unit )
            # Half a surrogate pair stands for nothing: both halves, or none.
            unit     ::= [0-9A-CE-Fa-ce-f] hex{3} | [Dd] [0-7] hex{2} | [Dd] [89ABab] hex{2} "\\\\u" [Dd] [C-Fc-f] hex{2}
            hex      ::= [0-9A-Fa-f]
            number   ::= "-"? ( "0" | [1-9] [0-9]{0,19} ) ( "." [0-9]{1,20} )? ( [eE] [-+]? [0-9]{1,3} )?
            # Bounded, so that a model cannot write blanks for ever.
            ws       ::= " "? | "\\n" [ \\t]{0,40}
            """;

    static final Grammar ANY = Grammar.gbnf(TEXT);

    private JsonGrammar() {
    }
}
