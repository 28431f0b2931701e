package io.rwkv.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The tokenizer of the RWKV World models, RWKV-7 "Goose" and later ones among them, read from
 * {@code rwkv_vocab_v20230424.txt} as ChatRWKV and the RWKV-LM repositories carry it.
 *
 * <p>
 * The text's UTF-8 bytes are encoded from left to right, each time by the longest token that matches; nothing is
 * normalised, so that decoding gives back every byte. Tokens are byte strings, and every byte is a token of its own, so
 * any bytes can be encoded, text or not.
 *
 * <p>
 * Id 0 ends a text. No text encodes to it, the file does not list it, and it decodes to nothing. Special tokens in text
 * are not recognised, as this vocabulary has none.
 *
 * <p>
 * Time is linear in the length of the text, at worst times that of the longest token.
 *
 * <p>
 * <b>Thread safety:</b> immutable; any number of threads may share one.
 */
public final class WorldTokenizer implements Tokenizer {
    private static final int END_OF_TEXT = 0;

    private final TokenTable tokens;
    private final ByteTrie trie;

    private WorldTokenizer(WorldVocabulary file) {
        tokens = file.tokens;
        trie = file.trie;
    }

    /**
     * Reads a vocabulary. Every line is {@code id literal length}: an id of 1 or more, the token as a Python literal
     * ({@code 'text'} or {@code b'bytes'}, in either kind of quotes, with Python's escapes) and the number of its bytes.
     * Lines end with LF or CRLF.
     *
     * @param vocabulary the file
     * @return the tokenizer
     * @throws TokenizerFormatException if the file is damaged or is no such vocabulary; the message says where and what
     * @throws IOException if the file cannot be read
     */
    public static WorldTokenizer load(Path vocabulary) throws IOException {
        try (InputStream in = Files.newInputStream(vocabulary)) {
            return load(in, vocabulary.toString());
        }
    }

    /**
     * Reads a vocabulary, as {@link #load(Path)} does.
     *
     * @param vocabulary the bytes of the file, read to the end; the caller closes it
     * @param sourceName what error messages call the file
     * @return the tokenizer
     * @throws TokenizerFormatException if the file is damaged or is no such vocabulary; the message says where and what
     * @throws IOException if the stream cannot be read
     */
    public static WorldTokenizer load(InputStream vocabulary, String sourceName) throws IOException {
        Objects.requireNonNull(vocabulary, "vocabulary");
        Objects.requireNonNull(sourceName, "sourceName");
        return new WorldTokenizer(WorldVocabulary.read(vocabulary, sourceName));
    }

    /**
     * Takes a vocabulary that another file carries, such as a GGUF file.
     *
     * @param tokens the bytes of each token by id, null for ids without one, which id 0 is; the arrays are copied
     * @param sourceName what error messages call the vocabulary
     * @return the tokenizer
     * @throws TokenizerFormatException if id 0 has a token, a token is empty or comes twice, there are more than four
     *         megabytes of them, or one of the 256 bytes is none; the message says which
     */
    public static WorldTokenizer of(List<byte[]> tokens, String sourceName) throws TokenizerFormatException {
        Objects.requireNonNull(tokens, "tokens");
        Objects.requireNonNull(sourceName, "sourceName");
        return new WorldTokenizer(WorldVocabulary.of(tokens, sourceName));
    }

    /**
     * The bytes of a token.
     *
     * @param id from 0 to {@link #vocabularySize()} - 1
     * @return a new array; empty if no token has this id, or it is 0, which ends a text
     * @throws IllegalArgumentException if the id is outside the vocabulary
     */
    public Optional<byte[]> token(int id) {
        byte[] token = tokens.decode(new int[]{id});
        return token.length == 0 ? Optional.empty() : Optional.of(token);
    }

    /** {@inheritDoc} The ids are 1 or more. */
    @Override
    public int[] encode(String text) {
        return encode(Utf8.encode(text));
    }

    /** {@inheritDoc} This vocabulary has no special tokens that are written in characters: it is {@link #encode(String)}. */
    @Override
    public int[] encodeOrdinary(String text) {
        return encode(text);
    }

    @Override
    public int countTokens(String text) {
        byte[] bytes = Utf8.encode(text);
        return list(bytes, 0, bytes.length).size();
    }

    /**
     * Encodes bytes, which need not be text. {@link #decodeBytes} gives them back.
     *
     * @param bytes the bytes
     * @return the ids, 1 or more each, a new array, empty for no bytes
     */
    public int[] encode(byte[] bytes) {
        return encode(bytes, 0, bytes.length);
    }

    /**
     * Encodes a part of an array of bytes, which need not be text.
     *
     * @param bytes the array
     * @param from the index of the first byte
     * @param to the index behind the last byte
     * @return the ids, 1 or more each, a new array, empty for no bytes
     * @throws IndexOutOfBoundsException if the part does not lie within the array
     */
    public int[] encode(byte[] bytes, int from, int to) {
        Objects.checkFromToIndex(from, to, bytes.length);
        return list(bytes, from, to).toArray();
    }

    private IntList list(byte[] bytes, int from, int to) {
        IntList ids = new IntList((to - from) / 4); // English has some four and a half bytes to a token
        for (int at = from; at < to;) {
            int start = at;
            long node = trie.root();
            for (long child; at < to && (child = trie.child(node, bytes[at])) != ByteTrie.NONE; at++) {
                node = child;
            }
            if (!ByteTrie.isString(node)) {
                at = trie.endOfLastString(bytes, start, at); // not before start + 1, as every byte is a token
            }
            ids.add(ByteTrie.value(node));
        }
        return ids;
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
        return tokens.decode(ids);
    }

    @Override
    public boolean standsForText(int id) {
        return tokens.hasBytes(id);
    }

    @Override
    public int vocabularySize() {
        return tokens.size();
    }

    /** {@inheritDoc} There is none for empty text: the id that ends a text stands for no text. */
    @Override
    public OptionalInt idOf(String text) {
        int id = trie.valueOf(Utf8.bytes(text));
        return id == ByteTrie.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** {@inheritDoc} It is always 0. */
    @Override
    public OptionalInt endOfText() {
        return OptionalInt.of(END_OF_TEXT);
    }
}
