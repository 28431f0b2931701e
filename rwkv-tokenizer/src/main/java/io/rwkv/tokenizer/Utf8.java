package io.rwkv.tokenizer;

import java.nio.charset.StandardCharsets;

/** What is needed of UTF-8 beyond the JDK's own encoder and decoder. */
final class Utf8 {
    /** Of this many chars, the UTF-8 and the work on one piece of it still fit the arrays of Java. */
    private static final int MAX_CHARS = Integer.MAX_VALUE / 16;

    private Utf8() {
    }

    /** The bytes of a text that is to be encoded, if it is not too long for one call. */
    static byte[] encode(String text) {
        if (text.length() > MAX_CHARS) {
            throw new IllegalArgumentException("a text of " + text.length() + " chars is too long to be encoded at "
                    + "once, the limit is " + MAX_CHARS);
        }
        return bytes(text);
    }

    /** The bytes of the well-formed text. */
    static byte[] bytes(String text) {
        return wellFormed(text).getBytes(StandardCharsets.UTF_8);
    }

    /** The text with every unpaired surrogate replaced by U+FFFD; the same string if there is none. */
    static String wellFormed(String text) {
        int bad = nextUnpairedSurrogate(text, 0);
        if (bad < 0) {
            return text;
        }
        char[] chars = text.toCharArray();
        while (bad >= 0) {
            chars[bad] = '\uFFFD';
            bad = nextUnpairedSurrogate(text, bad + 1);
        }
        return new String(chars);
    }

    private static int nextUnpairedSurrogate(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    return i;
                }
                i++;
            }
        }
        return -1;
    }

    /** Whether the byte occurs in any well-formed UTF-8: overlong forms and what lies beyond U+10FFFF are none. */
    static boolean mayContain(int unsignedByte) {
        return unsignedByte < 0xC0 || unsignedByte > 0xC1 && unsignedByte < 0xF5;
    }

    /** The length of the character that begins with this byte, in well-formed UTF-8. */
    static int length(byte lead) {
        return lead >= 0 ? 1 : (lead & 0xE0) == 0xC0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : 4;
    }

    /** The character that begins at {@code at}, in well-formed UTF-8. */
    static int codePointAt(byte[] text, int at) {
        byte lead = text[at];
        switch (length(lead)) {
            case 1 :
                return lead;
            case 2 :
                return (lead & 0x1F) << 6 | text[at + 1] & 0x3F;
            case 3 :
                return (lead & 0x0F) << 12 | (text[at + 1] & 0x3F) << 6 | text[at + 2] & 0x3F;
            default :
                return (lead & 0x07) << 18 | (text[at + 1] & 0x3F) << 12 | (text[at + 2] & 0x3F) << 6
                        | text[at + 3] & 0x3F;
        }
    }

    /** Where the character begins that ends before {@code end}, in well-formed UTF-8. */
    static int startOfCharacterBefore(byte[] text, int end) {
        int start = end - 1;
        while (isContinuation(text[start])) {
            start--;
        }
        return start;
    }

    /**
     * How many bytes at the end begin a character that later bytes may complete, 0 to 3. The bytes before them decode
     * to the same text whatever follows.
     */
    static int unfinishedBytes(byte[] bytes) {
        for (int count = 1; count <= 3 && count <= bytes.length; count++) {
            byte lead = bytes[bytes.length - count];
            if (!isContinuation(lead)) {
                boolean unfinished = count < neededBytes(lead & 0xFF)
                        && (count == 1 || isSecondByte(lead & 0xFF, bytes[bytes.length - count + 1] & 0xFF));
                return unfinished ? count : 0;
            }
        }
        return 0;
    }

    private static boolean isContinuation(byte b) {
        return (b & 0xC0) == 0x80;
    }

    private static int neededBytes(int lead) {
        if (lead < 0xC2 || lead > 0xF4) {
            return 1;
        }
        return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    }

    /**
     * Whether the decoder may still take both bytes together. ED A0 to ED BF, half of a surrogate pair, can never
     * become a character, but Java's decoder replaces it by one U+FFFD together with the byte after it, so it has to
     * wait for that byte.
     */
    private static boolean isSecondByte(int lead, int second) {
        switch (lead) {
            case 0xE0 :
                return second >= 0xA0;
            case 0xF0 :
                return second >= 0x90;
            case 0xF4 :
                return second < 0x90;
            default :
                return true;
        }
    }
}
