package io.rwkv.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Turns text into the token ids that a model was trained with, and ids back into text.
 *
 * <p>
 * A token is a sequence of bytes, not of characters: one token may hold the first half of a character's UTF-8 bytes and the
 * next token the rest. So give {@link #decode} all ids together; for ids that arrive one by one, use a
 * {@link StreamingDecoder}.
 *
 * <p>
 * <b>Thread safety:</b> implementations are immutable; any number of threads may share one.
 */
public interface Tokenizer {

    /**
     * Reads a tokenizer file of either kind: a Hugging Face {@code tokenizer.json} (see {@link BpeTokenizer#load(Path)}) or
     * a World vocabulary (see {@link WorldTokenizer#load(Path)}). The file's content decides which it is, not its name.
     *
     * @param file the file
     * @return the tokenizer
     * @throws TokenizerFormatException if the file is neither, is damaged, or asks for something that is not implemented;
     *         the message says where and what
     * @throws IOException if the file cannot be read
     */
    static Tokenizer load(Path file) throws IOException {
        return TokenizerFiles.load(file);
    }

    /**
     * Encodes text that the program itself wrote, such as a prompt template. The name of a special token in the text, such as
     * {@code "<|endoftext|>"}, becomes that token, if the vocabulary has it; the reference implementations do the same. No
     * token is added at the beginning or the end.
     *
     * <p>
     * For text from others use {@link #encodeOrdinary}: with a special token in it, its author could end the model's text or
     * pretend to be another speaker.
     *
     * @param text the text; an unpaired surrogate, which UTF-8 cannot hold, counts as U+FFFD
     * @return the ids in a new array, empty for empty text
     * @throws IllegalArgumentException if the text is too long for one call (more than 134,217,727 {@code char}s)
     */
    int[] encode(String text);

    /**
     * Encodes text that somebody else wrote, such as a user's input. Unlike {@link #encode}, it does not recognise special
     * tokens: their names are encoded as ordinary characters. Added tokens that are not special, such as runs of spaces, are
     * still recognised.
     *
     * @param text the text; an unpaired surrogate, which UTF-8 cannot hold, counts as U+FFFD
     * @return the ids in a new array, empty for empty text
     * @throws IllegalArgumentException if the text is too long for one call (more than 134,217,727 {@code char}s)
     */
    int[] encodeOrdinary(String text);

    /**
     * Counts the tokens that {@link #encode} gives for a text.
     *
     * @param text the text
     * @return the number of tokens
     * @throws IllegalArgumentException as {@link #encode}
     */
    default int countTokens(String text) {
        return encode(text).length;
    }

    /**
     * Encodes several texts with {@link #encode}, one after another in the calling thread. To use more cores, call
     * {@link #encode} from several threads.
     *
     * @param texts the texts; none may be null
     * @return the ids of each text, in the order of the texts: a new list of new arrays
     * @throws IllegalArgumentException if one of the texts is too long for one call
     */
    default List<int[]> encodeAll(List<String> texts) {
        List<int[]> ids = new ArrayList<>(texts.size());
        for (String text : texts) {
            ids.add(encode(Objects.requireNonNull(text, "texts: expected text, found null")));
        }
        return ids;
    }

    /**
     * Decodes ids to text. Special tokens give their names, such as {@code "<|endoftext|>"}. Ids that no token has give
     * nothing. Bytes that are not UTF-8 become U+FFFD, exactly as in {@code new String(bytes, StandardCharsets.UTF_8)}.
     *
     * @param ids ids from 0 to {@link #vocabularySize()} − 1
     * @return the text
     * @throws IllegalArgumentException if an id is outside the vocabulary; the message names it. A model with padded rows
     *         can choose such ids: leave them out, see {@link #standsForText}
     */
    default String decode(int[] ids) {
        return new String(decodeBytes(ids), StandardCharsets.UTF_8);
    }

    /**
     * Decodes ids to bytes, which need not be UTF-8; otherwise as {@link #decode}.
     *
     * @param ids ids from 0 to {@link #vocabularySize()} − 1
     * @return the bytes of all tokens in order, in a new array
     * @throws IllegalArgumentException if an id is outside the vocabulary; the message names it
     */
    byte[] decodeBytes(int[] ids);

    /**
     * Whether an id adds text to what a model writes. Two kinds of ids do not: ids that no token has, in a gap of the
     * vocabulary or beyond its end (checkpoints are padded with spare rows), and special tokens, such as the one that ends a
     * text. To decode the ids that a model chose, leave those out for which this is false; {@link #decode} and
     * {@link StreamingDecoder#accept} take all others.
     *
     * @param id any number
     * @return true if the id's token is part of the text
     */
    boolean standsForText(int id);

    /**
     * The highest id of any token, plus 1. There may be gaps: lower ids that no token has. A model's vocabulary may be larger,
     * as checkpoints are padded with spare rows.
     *
     * @return the length of an array that is indexed by id
     */
    int vocabularySize();

    /**
     * Finds the token for exactly this text, such as {@code " the"} or {@code "<|endoftext|>"}. If there are two, it is the one
     * that {@link #encode} chooses.
     *
     * @param text the text that the token decodes to, not its spelling in the vocabulary's file
     * @return the id; empty if there is no such token
     */
    OptionalInt idOf(String text);

    /**
     * The end-of-text token. It separated documents in training, and generation usually stops at it.
     *
     * @return the id; empty if the vocabulary has no such token
     */
    OptionalInt endOfText();

    /**
     * A decoder for ids that arrive one at a time.
     *
     * @return a new decoder, at the beginning of a text, for one thread at a time
     */
    default StreamingDecoder newStreamingDecoder() {
        return new StreamingDecoder(this);
    }
}
