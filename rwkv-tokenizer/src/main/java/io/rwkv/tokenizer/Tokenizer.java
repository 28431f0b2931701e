package io.rwkv.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
     * Encodes text that the program itself has written, such as a prompt template: where it names a special token, as in
     * {@code "<|endoftext|>"}, vocabularies that have special tokens give that token, as the reference implementations do.
     * Text from elsewhere belongs in {@link #encodeOrdinary}, lest whoever wrote it end the model's text or pose as another
     * speaker. Tokens are not added at either end.
     *
     * @param text the text; unpaired surrogates, which no UTF-8 can hold, count as U+FFFD
     * @return the ids, a new array, empty for empty text
     * @throws IllegalArgumentException if the text is too long to be encoded in one call (more than 134,217,727
     *         {@code char}s)
     */
    int[] encode(String text);

    /**
     * Encodes text that somebody else has written, such as what a user typed: as {@link #encode} does, but special tokens are
     * not recognised, and their names are encoded as the characters they are. Added tokens that are not special, such as
     * runs of spaces, are.
     *
     * @param text the text; unpaired surrogates, which no UTF-8 can hold, count as U+FFFD
     * @return the ids, a new array, empty for empty text
     * @throws IllegalArgumentException if the text is too long to be encoded in one call (more than 134,217,727
     *         {@code char}s)
     */
    int[] encodeOrdinary(String text);

    /**
     * Counts the tokens of a text, those that {@link #encode} gives.
     *
     * @param text the text
     * @return their number
     * @throws IllegalArgumentException if the text is too long to be encoded in one call
     */
    default int countTokens(String text) {
        return encode(text).length;
    }

    /**
     * Encodes several texts, each as {@link #encode} does, one after another in the calling thread. Callers with cores to
     * spare may as well encode in many threads.
     *
     * @param texts the texts; none may be null
     * @return the ids of each, in the order of the texts, a new list of new arrays
     * @throws IllegalArgumentException if one of the texts is too long to be encoded in one call
     */
    default List<int[]> encodeAll(List<String> texts) {
        List<int[]> ids = new ArrayList<>(texts.size());
        for (String text : texts) {
            ids.add(encode(Objects.requireNonNull(text, "texts: expected text, found null")));
        }
        return ids;
    }

    /**
     * Decodes ids to text. Special tokens that are written in characters, such as {@code "<|endoftext|>"}, are spelled
     * out; ids that no token has stand for nothing and give nothing. Bytes that are no UTF-8 become U+FFFD, exactly as in
     * {@code new String(bytes, StandardCharsets.UTF_8)}.
     *
     * @param ids ids from 0 to {@link #vocabularySize()} - 1
     * @return the text
     * @throws IllegalArgumentException if an id is outside the vocabulary, so that it must have come from another; the
     *         message names it. Ids of a model whose rows are padded may lie there: see {@link #standsForText}
     */
    default String decode(int[] ids) {
        return new String(decodeBytes(ids), StandardCharsets.UTF_8);
    }

    /**
     * Decodes ids to the bytes they stand for, whether or not they are UTF-8; otherwise as {@link #decode}.
     *
     * @param ids ids from 0 to {@link #vocabularySize()} - 1
     * @return the bytes of all tokens in order, a new array
     * @throws IllegalArgumentException if an id is outside the vocabulary; the message names it
     */
    byte[] decodeBytes(int[] ids);

    /**
     * Whether an id adds to the text that a model writes. It does not if no token has it, wherever it lies: in a gap of
     * the vocabulary or beyond its end, among the rows with which checkpoints are padded. Nor does it if its token is a
     * special one, such as that which ends a text. Whoever decodes what a model gives leaves these ids out; ids that are
     * left in are safe for {@link #decode} and {@link StreamingDecoder#accept}.
     *
     * @param id any number
     * @return whether its token is part of the text
     */
    boolean standsForText(int id);

    /**
     * The highest id of any token, plus one. Not all lower ids need have a token, and a model may have more rows of
     * embeddings than this: checkpoints pad them.
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
