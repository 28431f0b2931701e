package io.rwkv.text.internal.masks;

import io.rwkv.tokenizer.Tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;

/**
 * A tokenizer that only decodes: tokens of random bytes, half characters among them, with gaps, a special token and texts that
 * several ids share.
 */
public final class RandomVocabulary implements Tokenizer {
    /** The id of the only special token. */
    public static final int SPECIAL = 3;

    private final List<byte[]> tokens;

    private RandomVocabulary(List<byte[]> tokens) {
        this.tokens = tokens;
    }

    /**
     * Makes a vocabulary.
     *
     * @param text what tokens are cut from
     * @param everyByte whether all single bytes are tokens
     */
    public static RandomVocabulary of(Random random, byte[] text, int size, boolean everyByte) {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; everyByte && b < 256; b++) {
            tokens.add(new byte[]{(byte) b});
        }
        while (tokens.size() < size + (everyByte ? 256 : 0)) {
            int length = 1 + random.nextInt(5);
            byte[] token = new byte[length];
            int from = random.nextInt(text.length);
            for (int i = 0; i < length; i++) {
                token[i] = random.nextInt(12) == 0 ? (byte) random.nextInt(256) : text[(from + i) % text.length];
            }
            tokens.add(random.nextInt(15) == 0 ? null : token);
        }
        Collections.shuffle(tokens, random);
        return of(tokens);
    }

    /** A vocabulary of these tokens, null for an id without one, and the special token, before which gaps may be left. */
    public static RandomVocabulary of(List<byte[]> tokens) {
        List<byte[]> all = new ArrayList<>(tokens);
        while (all.size() < SPECIAL) {
            all.add(null);
        }
        all.add(SPECIAL, "<end>".getBytes(StandardCharsets.UTF_8));
        return new RandomVocabulary(all);
    }

    /** The bytes of a token, null if it stands for no text. */
    public byte[] text(int id) {
        return standsForText(id) ? tokens.get(id) : null;
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            bytes.writeBytes(tokens.get(id) == null ? new byte[0] : tokens.get(id));
        }
        return bytes.toByteArray();
    }

    @Override
    public boolean standsForText(int id) {
        return id >= 0 && id < tokens.size() && id != SPECIAL && tokens.get(id) != null;
    }

    @Override
    public int vocabularySize() {
        return tokens.size();
    }

    @Override
    public OptionalInt idOf(String text) {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        for (int id = 0; id < tokens.size(); id++) {
            if (Arrays.equals(tokens.get(id), wanted)) {
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }

    @Override
    public OptionalInt endOfText() {
        return OptionalInt.of(SPECIAL);
    }

    @Override
    public int[] encode(String text) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int[] encodeOrdinary(String text) {
        throw new UnsupportedOperationException();
    }
}
