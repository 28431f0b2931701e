package io.rwkv.loader.internal.gguf;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.tokenizer.BpeTokenizer;
import io.rwkv.tokenizer.Tokenizer;
import io.rwkv.tokenizer.WorldTokenizer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The tokenizer inside a GGUF file: a World vocabulary as llama.cpp writes it, each token as what Python's {@code repr} gives
 * for its bytes, or a whole {@code tokenizer.json}.
 */
public final class GgufTokenizer {
    public static final String MODEL = "tokenizer.ggml.model";
    public static final String WORLD_MODEL = "rwkv";
    public static final String TOKENS = "tokenizer.ggml.tokens";
    public static final String TYPES = "tokenizer.ggml.token_type";
    public static final String END_OF_TEXT = "tokenizer.ggml.eos_token_id";
    public static final String JSON = "tokenizer.huggingface.json";

    /** What the format says of a token. */
    public static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    public static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    public static final int UNUSED = 5;
    static final int BYTE = 6;

    /** What the file says if it has no tokenizer. */
    public static final String NO_MODEL = "no_vocab";
    private static final Set<String> NO_MODELS = Set.of(NO_MODEL, "none");

    private static final int MAX_TOKENS = 1 << 20;
    private static final int MAX_TOKEN_BYTES = 1 << 16;
    private static final int MAX_BYTES = 1 << 24;
    private static final int MAX_JSON_BYTES = 1 << 26;
    private static final String HEX = "0123456789abcdef";

    private GgufTokenizer() {
    }

    /**
     * The tokenizer that the file holds, if it holds one of a kind that this library has.
     *
     * @throws RwkvFormatException if it is damaged in the GGUF file's own terms
     * @throws io.rwkv.tokenizer.TokenizerFormatException if it is no such tokenizer
     */
    public static Optional<Tokenizer> read(GgufFile gguf) throws IOException {
        String source = gguf.file().path() + ", " + TOKENS;
        if (gguf.metadata().text(MODEL, 256).orElse("").equals(WORLD_MODEL)) {
            List<byte[]> tokens = tokens(gguf);
            // As llama.cpp, which ends a text there, whether the token stands for text or not.
            int end = (int) gguf.metadata().integer(END_OF_TEXT, Math.max(0, tokens.size() - 1)).orElse(0);
            return Optional.of(WorldTokenizer.of(tokens, end, source));
        }
        Optional<byte[]> json = json(gguf);
        return json.isEmpty()
                ? Optional.empty()
                : Optional.of(BpeTokenizer.load(new ByteArrayInputStream(json.get()),
                        gguf.file().path() + ", " + JSON));
    }

    /** The kind of tokenizer that the file holds, if it holds one, and only one, of a kind that this library does not have. */
    public static Optional<String> foreignKind(GgufFile gguf) {
        return gguf.metadata().text(MODEL, 256).filter(
                kind -> !kind.equals(WORLD_MODEL) && !NO_MODELS.contains(kind) && json(gguf).isEmpty());
    }

    /** The {@code tokenizer.json} that the file holds, if it does. */
    public static Optional<byte[]> json(GgufFile gguf) {
        return gguf.metadata().bytes(JSON, MAX_JSON_BYTES);
    }

    /** By id, null where the file only fills a gap, or has a token that stands for no text. */
    private static List<byte[]> tokens(GgufFile gguf) {
        List<Integer> types = new ArrayList<>();
        gguf.metadata().integers(TYPES, MAX_TOKENS, (in, id) -> types.add(type(in, id)));
        List<byte[]> tokens = new ArrayList<>();
        long[] bytes = {0};
        int count = gguf.metadata().strings(TOKENS, MAX_TOKENS, (in, id) -> {
            byte[] escaped = in.bytes("a token", MAX_TOKEN_BYTES);
            bytes[0] += escaped.length;
            if (bytes[0] > MAX_BYTES) {
                throw in.fault("expected at most " + MAX_BYTES + " bytes of tokens, found more");
            }
            byte[] token = isText(id, escaped, types) ? unescape(in, id, escaped) : null;
            if (token != null && token.length != 1 && id < types.size() && types.get(id) == BYTE) {
                throw in.fault("expected one byte, as \\x41, for token " + id + " of type " + BYTE + " (byte), found "
                        + new String(escaped, StandardCharsets.ISO_8859_1));
            }
            tokens.add(token);
        });
        if (count < 0 || !types.isEmpty() && types.size() != count) {
            throw RwkvFormatException.inFile(gguf.file().path(),
                    "expected " + TOKENS + " and as many elements of " + TYPES
                            + ", found " + Math.max(0, count) + " and " + types.size());
        }
        return tokens;
    }

    /** A type of no known meaning may or may not stand for text, and either guess would be silent. */
    private static int type(GgufInput in, int id) {
        int type = in.i32("a token's type");
        if (type < NORMAL || type > BYTE) {
            throw in.fault("expected a type from " + NORMAL + " to " + BYTE + " for token " + id + ", found " + type);
        }
        return type;
    }

    private static boolean isText(int id, byte[] escaped, List<Integer> types) {
        if (types.isEmpty()) {
            return id > 0 && !Arrays.equals(escaped, padding(id).getBytes(StandardCharsets.US_ASCII));
        }
        return switch (id < types.size() ? types.get(id) : NORMAL) {
            case UNKNOWN, CONTROL, UNUSED -> false;
            default -> true;
        };
    }

    /** What stands for an id that the model has and the vocabulary has not. */
    public static String padding(int id) {
        return "[PAD" + id + "]";
    }

    /** As llama.cpp: a backslash makes of t, n, r and xHH what they are in Python, of any other character itself. */
    private static byte[] unescape(GgufInput in, int id, byte[] escaped) {
        byte[] bytes = new byte[escaped.length];
        int length = 0;
        for (int i = 0; i < escaped.length; i++) {
            byte b = escaped[i];
            if (b == '\\') {
                i++;
                b = i < escaped.length ? escaped[i] : 0;
                switch (b) {
                    case 't' -> b = '\t';
                    case 'n' -> b = '\n';
                    case 'r' -> b = '\r';
                    case 'x' -> {
                        int value = i + 2 < escaped.length ? 16 * hex(escaped[i + 1]) + hex(escaped[i + 2]) : -1;
                        if (value < 0) {
                            throw malformed(in, id, escaped);
                        }
                        b = (byte) value;
                        i += 2;
                    }
                    case 0 -> throw malformed(in, id, escaped);
                    default -> {
                        // A backslash, a quote, or anything else.
                    }
                }
            }
            bytes[length++] = b;
        }
        return Arrays.copyOf(bytes, length);
    }

    /** Far below zero for what is no digit, so that a sum with it is, too. */
    private static int hex(byte digit) {
        int value = HEX.indexOf(Character.toLowerCase((char) (digit & 0xFF)));
        return value < 0 ? -1000 : value;
    }

    private static RwkvFormatException malformed(GgufInput in, int id, byte[] escaped) {
        return in.fault("expected whole escapes, as \\x and two hexadecimal digits, in token " + id + ", found "
                + new String(escaped, StandardCharsets.ISO_8859_1));
    }

    /** What Python's {@code repr} gives for the bytes, without the {@code b} and the quotes. */
    public static String escape(byte[] token) {
        boolean singleQuote = false;
        boolean doubleQuote = false;
        for (byte b : token) {
            singleQuote |= b == '\'';
            doubleQuote |= b == '"';
        }
        StringBuilder escaped = new StringBuilder();
        for (byte b : token) {
            switch (b) {
                case '\t' -> escaped.append("\\t");
                case '\n' -> escaped.append("\\n");
                case '\r' -> escaped.append("\\r");
                case '\\' -> escaped.append("\\\\");
                // Python quotes with the other kind if it can.
                case '\'' -> escaped.append(singleQuote && doubleQuote ? "\\'" : "'");
                default -> {
                    if (b >= ' ' && b <= '~') {
                        escaped.append((char) b);
                    } else {
                        escaped.append("\\x").append(HEX.charAt(b >> 4 & 0xF)).append(HEX.charAt(b & 0xF));
                    }
                }
            }
        }
        return escaped.toString();
    }
}
