package io.rwkv.core;

import java.nio.file.Path;

/**
 * A file is not what it claims to be: truncated, damaged, of an unknown format, or not an RWKV checkpoint or state.
 * The message names the file, where known the byte offset or the tensor, what was expected, and what was found.
 *
 * <p>Errors of the disk itself are {@link java.io.IOException}s, not this.
 */
public final class RwkvFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Path file;
    private final long offset;
    private final String tensor;

    private RwkvFormatException(Path file, long offset, String tensor, String detail, Throwable cause) {
        super(file + (tensor == null ? "" : ", tensor " + printable(tensor)) + (offset < 0 ? "" : ", offset " + offset)
                + ": " + printable(detail), cause);
        this.file = file;
        this.offset = offset;
        this.tensor = tensor;
    }

    /**
     * A fault of the file as a whole.
     *
     * @param detail what was expected and what was found; the message begins with the file
     */
    public static RwkvFormatException inFile(Path file, String detail) {
        return new RwkvFormatException(file, -1, null, detail, null);
    }

    /**
     * A fault of the file as a whole, reported by something else.
     *
     * @param detail what was expected and what was found; the message begins with the file
     * @param cause what reported it, such as a JSON parser's exception
     */
    public static RwkvFormatException inFile(Path file, String detail, Throwable cause) {
        return new RwkvFormatException(file, -1, null, detail, cause);
    }

    /**
     * A fault at one place of the file.
     *
     * @param offset in bytes from the start of the file
     * @param detail what was expected and what was found; the message begins with the file and the offset
     */
    public static RwkvFormatException atOffset(Path file, long offset, String detail) {
        return new RwkvFormatException(file, offset, null, detail, null);
    }

    /**
     * A fault of one tensor.
     *
     * @param tensor its name as the file gives it
     * @param detail what was expected and what was found; the message begins with the file and the tensor
     */
    public static RwkvFormatException inTensor(Path file, String tensor, String detail) {
        return new RwkvFormatException(file, -1, tensor, detail, null);
    }

    /** The file; null if this exception was deserialised. */
    public Path file() {
        return file;
    }

    /** The byte offset in the file; −1 if the fault has no single place. */
    public long offset() {
        return offset;
    }

    /** The tensor's name as the file gives it; null if the fault is not that of one tensor. */
    public String tensor() {
        return tensor;
    }

    /** Names come from the file: an error message must stay one readable line whatever they hold. */
    private static String printable(String text) {
        StringBuilder out = new StringBuilder(Math.min(text.length(), 512));
        text.codePoints().limit(500).forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return text.length() > 500 ? out + "…" : out.toString();
    }
}
