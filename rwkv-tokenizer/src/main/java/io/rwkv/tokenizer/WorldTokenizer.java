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
 * The tokenizer of the RWKV World models, among them RWKV-7 "Goose", read from {@code rwkv_vocab_v20230424.txt}, which the
 * ChatRWKV and RWKV-LM repositories hold.
 *
 * <p>
 * The text's UTF-8 bytes are encoded from left to right: at each place, the longest token that matches is taken. Nothing is
 * normalised, so decoding gives back the same bytes. Each of the 256 bytes is a token too, so any bytes can be encoded, also
 * bytes that are not text.
 *
 * <p>
 * Id 0 ends a text. No text encodes to it, the file does not list it, and it decodes to nothing. A vocabulary inside another file
 * may name another id that ends a text, see {@link #of(List, int, String)}. This vocabulary has no special tokens with a name, so
 * none are recognised in text.
 *
 * <p>
 * Encoding n bytes takes time proportional to n; in the worst case, to n times the length of the longest token.
 *
 * <p>
 * <b>Thread safety:</b> immutable; any number of threads may share one.
 */
public final class WorldTokenizer implements Tokenizer {
    private final int endOfText;
    private final TokenTable tokens;
    private final ByteTrie trie;

    private WorldTokenizer(WorldVocabulary file) {
        endOfText = file.endOfText;
        tokens = file.tokens;
        trie = file.trie;
    }

    /**
     * Reads a vocabulary. Each line has three parts, {@code id literal length}: an id of 1 or more; the token as a Python
     * literal ({@code 'text'} or {@code b'bytes'}, in either kind of quotes, with Python's escapes); and the number of its
     * bytes. Lines end with LF or CRLF.
     *
     * @param vocabulary the file
     * @return the tokenizer
     * @throws TokenizerFormatException if the file is damaged or is not such a vocabulary; the message says where and what
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
     * @param sourceName the file's name in error messages
     * @return the tokenizer
     * @throws TokenizerFormatException if the file is damaged or is not such a vocabulary; the message says where and what
     * @throws IOException if the stream cannot be read
     */
    public static WorldTokenizer load(InputStream vocabulary, String sourceName) throws IOException {
        Objects.requireNonNull(vocabulary, "vocabulary");
        Objects.requireNonNull(sourceName, "sourceName");
        return new WorldTokenizer(WorldVocabulary.read(vocabulary, sourceName));
    }

    /**
     * Makes a tokenizer from a vocabulary that is inside another file, such as a GGUF file.
     *
     * @param tokens the bytes of each token, indexed by id; null for ids without a token, always for id 0. Copied
     * @param sourceName the vocabulary's name in error messages
     * @return the tokenizer
     * @throws TokenizerFormatException if id 0 has a token, if a token is empty or comes twice, if all tokens together have
     *         more than four megabytes, or if one of the 256 single bytes is missing; the message says which
     */
    public static WorldTokenizer of(List<byte[]> tokens, String sourceName) throws TokenizerFormatException {
        return of(tokens, 0, sourceName);
    }

    /**
     * As {@link #of(List, String)}, with another token that ends a text.
     *
     * @param endOfText the id of {@link #endOfText()}, below the number of {@code tokens}. It may have a token, to which text is
     *         encoded as to any other
     * @throws TokenizerFormatException as {@link #of(List, String)}, or if there is no such id
     */
    public static WorldTokenizer of(List<byte[]> tokens, int endOfText, String sourceName)
            throws TokenizerFormatException {
        Objects.requireNonNull(tokens, "tokens");
        Objects.requireNonNull(sourceName, "sourceName");
        return new WorldTokenizer(WorldVocabulary.of(tokens, endOfText, sourceName));
    }

    /**
     * The bytes of a token.
     *
     * @param id from 0 to {@link #vocabularySize()} − 1
     * @return a new array; empty if no token has this id, and for id 0, which ends a text
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

    /** {@inheritDoc} This vocabulary has no special tokens with a name, so the result is that of {@link #encode(String)}. */
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

    /** {@inheritDoc} Empty for empty text: id 0, which ends a text, is not a token for it. */
    @Override
    public OptionalInt idOf(String text) {
        int id = trie.valueOf(Utf8.bytes(text));
        return id == ByteTrie.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** {@inheritDoc} It is 0, unless the vocabulary is inside another file that names another id. */
    @Override
    public OptionalInt endOfText() {
        return OptionalInt.of(endOfText);
    }
}
