package io.rwkv.text.grammar;

import io.rwkv.text.internal.masks.TokenTrie;
import io.rwkv.text.internal.schema.SchemaCompiler;
import io.rwkv.text.internal.schema.SchemaException;
import io.rwkv.text.sampling.Constraint;
import io.rwkv.tokenizer.Tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;

/**
 * What a generated text has to look like: whatever the model finds likely, only tokens are chosen with which the text can still be
 * completed. So a completed text always follows the grammar. If the limit of tokens comes first, the generation's reason says so.
 *
 * <p>Grammars are written in GBNF, the notation of llama.cpp:
 *
 * <pre>{@code
 * Grammar answer = Grammar.gbnf("""
 *         root ::= "yes" | "no" | "maybe, " reason
 *         reason ::= "because " [a-z ]{1,80} "."
 *         """);
 * }</pre>
 *
 * The documentation (docs/grammar.md) says which parts of the notation there are.
 *
 * <p><b>No dead ends.</b> Branches of a grammar that no text can complete are left out when it is compiled, so each beginning that is
 * allowed has a byte that continues it, or may end. If all 256 single bytes are tokens, as in RWKV's vocabularies, there is hence
 * always a token to choose. With other vocabularies, a text that no token can continue is an {@link IllegalStateException} that names
 * the grammar and the text.
 *
 * <p><b>Keep a grammar</b> instead of making it anew for each text: it remembers, for each tokenizer, which tokens may come next in each
 * situation, in up to about 64 MiB. When that is full, it is emptied and filled anew.
 *
 * <p><b>Thread safety:</b> immutable to its users; any number of threads may share one.
 */
public final class Grammar {
    private static final int SHOWN = 60;
    /** Between two looks at the memory, in bytes of text. */
    private static final int STRETCH = 256;

    private final String gbnf;
    private final Network network;
    private final Automaton matching;
    private final long mostBytes;
    private final Map<Tokenizer, GrammarMasks> masks = new WeakHashMap<>();

    private Grammar(String gbnf, long mostBytes) {
        this.gbnf = gbnf;
        this.mostBytes = mostBytes;
        this.network = NetworkBuilder.build(GbnfParser.parse(gbnf));
        this.matching = new Automaton(network, mostBytes);
    }

    /**
     * Reads a grammar.
     *
     * @param text the grammar in GBNF, up to 4 million characters. A text has to follow the rule {@code root}, as a whole
     * @return the grammar
     * @throws GrammarException if it is not GBNF, uses a part of the notation that is not supported, refers to a rule that is not
     *         there, has no {@code root} or a {@code root} that no text follows, is left-recursive, or is too large (400,000
     *         states; about one for each byte of a literal, {@code x{1000}} counts {@code x} a thousand times); with line and column
     */
    public static Grammar gbnf(String text) {
        return new Grammar(Objects.requireNonNull(text, "text"), GrammarMasks.MOST_BYTES);
    }

    /**
     * The JSON texts that are valid by a JSON Schema, written without blanks but for one, or none, behind each colon and comma. The
     * documentation (docs/json-schema.md) says which keywords there are.
     *
     * <p>Of what a schema admits, only a part is written: properties in the order of the schema, and none that it does not name unless
     * {@code additionalProperties} asks for them; numbers of up to 15 digits where no bound asks for more. All that is written is
     * valid.
     *
     * @param schema a JSON Schema of draft 2020-12 or one before, up to a million characters
     * @return the grammar
     * @throws GrammarException if the text is not JSON, if a keyword is not supported, or has a value that it cannot have, if no value
     *         is valid, or if the schema is too large; with the path of what is wrong, such as {@code #/properties/age/format}
     */
    public static Grammar jsonSchema(String schema) {
        String gbnf;
        try {
            gbnf = SchemaCompiler.compile(Objects.requireNonNull(schema, "schema"));
        } catch (SchemaException e) {
            throw new GrammarException(e.path(), e.problem());
        }
        try {
            return gbnf(gbnf);
        } catch (GrammarException e) {
            throw new GrammarException("#", "too large: its grammar is refused (" + e.getMessage() + ")");
        }
    }

    /**
     * Any JSON value. Numbers have up to 20 digits before and after the point, and up to 3 in the exponent. Between values there is at
     * most one blank, or a new line and up to 40 blanks or tabs, so that a model cannot write blanks for ever; before and after the
     * whole there are none. Strings and lists may be of any length and depth.
     *
     * @return the same grammar at each call
     */
    public static Grammar json() {
        return JsonGrammar.ANY;
    }

    /** With as much memory as a test wants. */
    static Grammar gbnf(String text, long mostBytes) {
        return new Grammar(text, mostBytes);
    }

    /**
     * The grammar's text.
     *
     * @return in GBNF
     */
    public String gbnf() {
        return gbnf;
    }

    /**
     * Whether a text follows the grammar, from its beginning to its end.
     *
     * @param text the text; half a surrogate pair is in no grammar
     * @return true if it does
     */
    public boolean matches(String text) {
        ParserState state = matching.current(matching.start());
        for (int from = 0; from < text.length() && !state.dead;) {
            int to = Math.min(from + STRETCH, text.length());
            if (to < text.length() && Character.isHighSurrogate(text.charAt(to - 1))) {
                to--;
            }
            String piece = text.substring(from, to);
            if (!StandardCharsets.UTF_8.newEncoder().canEncode(piece)) {
                return false;
            }
            byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
            state = matching.current(matching.step(state, bytes, 0, bytes.length));
            from = to;
        }
        return state.mayEnd;
    }

    /**
     * Begins a text.
     *
     * @param tokenizer the model's. Its special tokens stand for no text, so they are never allowed
     * @return what decides about the tokens of one text, for one thread at a time
     */
    public Constraint newConstraint(Tokenizer tokenizer) {
        Objects.requireNonNull(tokenizer, "tokenizer");
        GrammarMasks known;
        synchronized (masks) {
            known = masks.computeIfAbsent(tokenizer,
                    t -> new GrammarMasks(network, TokenTrie.of(t), mostBytes));
        }
        return new GrammarConstraint(this, known);
    }

    /** The beginning of the grammar's text. */
    @Override
    public String toString() {
        String line = gbnf.strip().replaceAll("\\s+", " ");
        return "grammar " + (line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "…");
    }
}
