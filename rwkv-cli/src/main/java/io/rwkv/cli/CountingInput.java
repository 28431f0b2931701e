package io.rwkv.cli;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Knows how many bytes were read from a stream. For one thread. */
final class CountingInput extends FilterInputStream {
    private long count;

    /** @param in closed with this */
    CountingInput(InputStream in) {
        super(in);
    }

    /** The bytes read so far. */
    long count() {
        return count;
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        count += value < 0 ? 0 : 1;
        return value;
    }

    @Override
    public int read(byte[] to, int from, int length) throws IOException {
        int read = super.read(to, from, length);
        count += Math.max(0, read);
        return read;
    }
}
