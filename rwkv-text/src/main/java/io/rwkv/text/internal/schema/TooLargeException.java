package io.rwkv.text.internal.schema;

/** Something in the making became larger than it may. Who knows the schema's path makes a {@link SchemaException} of it. */
final class TooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooLargeException() {
        super("too large", null, false, false);
    }
}
