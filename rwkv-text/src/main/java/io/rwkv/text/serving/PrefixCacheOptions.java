package io.rwkv.text.serving;

import io.rwkv.core.RwkvState;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How much a {@link PrefixCache} remembers, and where. Immutable and safe for any number of threads. Made by {@link #builder()};
 * {@link #toBuilder()} makes changed copies.
 */
public final class PrefixCacheOptions {
    private static final PrefixCacheOptions DEFAULTS = new Builder().build();

    private final long maxBytes;
    private final int stride;
    private final int minBranch;
    private final Path spillFolder;
    private final long maxSpillBytes;

    private PrefixCacheOptions(Builder builder) {
        maxBytes = builder.maxBytes;
        stride = builder.stride;
        minBranch = builder.minBranch;
        spillFolder = builder.spillFolder;
        maxSpillBytes = builder.maxSpillBytes;
    }

    /** A quarter of the largest heap, snapshots every 512 tokens, no files. */
    public static PrefixCacheOptions defaults() {
        return DEFAULTS;
    }

    /** A builder that begins with {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.maxBytes = maxBytes;
        builder.stride = stride;
        builder.minBranch = minBranch;
        builder.spillFolder = spillFolder;
        builder.maxSpillBytes = maxSpillBytes;
        return builder;
    }

    /** The memory that may be taken, in bytes. */
    public long maxBytes() {
        return maxBytes;
    }

    /** A snapshot is suggested at multiples of this many tokens; 0 for none. */
    public int stride() {
        return stride;
    }

    /** A snapshot where prompts part is suggested only this many tokens or more after what was matched. */
    public int minBranch() {
        return minBranch;
    }

    /** The folder that evicted snapshots are written to; empty for none. */
    public Optional<Path> spillFolder() {
        return Optional.ofNullable(spillFolder);
    }

    /** The room for one model's files in the folder, in bytes. */
    public long maxSpillBytes() {
        return maxSpillBytes;
    }

    /** Collects options. For one thread; may be used again after {@link #build()}. */
    public static final class Builder {
        private long maxBytes = Runtime.getRuntime().maxMemory() / 4;
        private int stride = 512;
        private int minBranch = 16;
        private Path spillFolder;
        private long maxSpillBytes = 4L << 30;

        private Builder() {
        }

        /**
         * The memory that may be taken, in bytes; by default a quarter of the largest heap. A state takes
         * {@link RwkvState#byteSize()}, logits 4 bytes for each token of the vocabulary.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder maxBytes(long bytes) {
            maxBytes = atLeast("maxBytes", 1, bytes);
            return this;
        }

        /**
         * Suggests a snapshot at multiples of this many tokens; by default 512. 0 for none.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder stride(int tokens) {
            stride = (int) atLeast("stride", 0, tokens);
            return this;
        }

        /**
         * Suggests a snapshot where a prompt leaves what is known of others only if that is at least this many tokens after what
         * was matched; by default 16. Most prompts have their first few tokens in common with some other one, and so few are read
         * sooner than their state is worth keeping.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder minBranch(int tokens) {
            minBranch = (int) atLeast("minBranch", 1, tokens);
            return this;
        }

        /** Writes evicted snapshots to files in this folder, which is made if need be; null, the default, for none. */
        public Builder spillFolder(Path folder) {
            spillFolder = folder;
            return this;
        }

        /**
         * The room for one model's files in the folder, in bytes; by default 4 GiB. Files used least recently are deleted first,
         * also those of other processes.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder maxSpillBytes(long bytes) {
            maxSpillBytes = atLeast("maxSpillBytes", 1, bytes);
            return this;
        }

        private static long atLeast(String name, long least, long found) {
            if (found < least) {
                throw new IllegalArgumentException(name + ": expected " + least + " or more, found " + found);
            }
            return found;
        }

        /** The options as they are now. */
        public PrefixCacheOptions build() {
            return new PrefixCacheOptions(this);
        }
    }
}
