package io.rwkv.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * Turns text into the token ids a model was trained on, and ids back into text.
 *
 * <p>
 * A token stands for bytes, not for characters: one token may hold half of a character's UTF-8 bytes and the next one
 * the rest. That is why {@link #decode} wants all ids at once, and why ids that come one by one belong in a
 * {@link StreamingDecoder}.
 *
 * <p>
 * <b>Thread safety:</b> implementations are immutable; any number of threads may share one.
 */
public interface Tokenizer {

    /**
     * Reads a vocabulary of either kind: a Hugging Face {@code tokenizer.json}, as {@link BpeTokenizer#load(Path)} does,
     * or a World vocabulary, as {@link WorldTokenizer#load(Path)} does. The content tells which, not the name.
     *
     * @param file the file
     * @return the tokenizer
     * @throws TokenizerFormatException if the file is neither, is damaged, or asks for what is not implemented; the
     *         message says where and what
     * @throws IOException if the file cannot be read
     */
    static Tokenizer load(Path file) throws IOException {
        return TokenizerFiles.load(file);
    }

    /**
     * Encodes text. Tokens are not added at either end; where the text names a special token, as in
     * {@code "<|endoftext|>"}, vocabularies that match special tokens in text give that token.
     *
     * @param text the text; unpaired surrogates, which no UTF-8 can hold, count as U+FFFD
     * @return the ids, a new array, empty for empty text
     * @throws IllegalArgumentException if the text is too long to be encoded in one call (more than 134,217,727
     *         {@code char}s)
     */
    int[] encode(String text);

    /**
     * Decodes ids to text, special tokens included. Bytes that are no UTF-8 become U+FFFD, exactly as in
     * {@code new String(bytes, StandardCharsets.UTF_8)}.
     *
     * @param ids ids from 0 to {@link #vocabularySize()} - 1
     * @return the text
     * @throws IllegalArgumentException if the vocabulary has no token with one of the ids; the message names the id
     */
    default String decode(int[] ids) {
        return new String(decodeBytes(ids), StandardCharsets.UTF_8);
    }

    /**
     * Decodes ids to the bytes they stand for, whether or not they are UTF-8.
     *
     * @param ids ids from 0 to {@link #vocabularySize()} - 1
     * @return the bytes of all tokens in order, a new array
     * @throws IllegalArgumentException if the vocabulary has no token with one of the ids; the message names the id
     */
    byte[] decodeBytes(int[] ids);

    /**
     * The highest id of any token, plus one. A model may have more rows of embeddings than this: checkpoints pad them.
     *
     * @return the size of an array that is indexed by id
     */
    int vocabularySize();

    /**
     * Finds the token that stands for exactly this text, such as {@code " the"} or {@code "<|endoftext|>"}. Where two
     * tokens do, it is the one that {@link #encode} would choose.
     *
     * @param text what the token decodes to, in plain characters, not in the spelling of the vocabulary's file
     * @return the id, or empty if no single token stands for the text
     */
    OptionalInt idOf(String text);

    /**
     * The token that ends a text, with which generation usually stops and which separated the documents in training.
     *
     * @return the id, or empty if the vocabulary has no such token
     */
    OptionalInt endOfText();

    /**
     * A decoder for ids that arrive one at a time.
     *
     * @return a new decoder, for one caller at a time
     */
    default StreamingDecoder newStreamingDecoder() {
        return new StreamingDecoder(this);
    }
}
