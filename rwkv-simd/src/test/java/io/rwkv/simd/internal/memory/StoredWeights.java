package io.rwkv.simd.internal.memory;

import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.internal.tensor.MappedTensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * A matrix as a file holds it, row after row, and what each weight means in double arithmetic: what the tests know of the
 * formats without asking the code under test.
 */
public record StoredWeights(Format format, int rows, int columns, ByteBuffer bytes) {
    private static final int BLOCK = 32;

    public static StoredWeights zero(Format format, int rows, int columns) {
        int size = Math.toIntExact(format.dtype().bytes((long) rows * columns));
        return new StoredWeights(format, rows, columns, ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN));
    }

    /** All that weights can be: of the half-precision numbers, weights and scales, some are subnormal and some zero. */
    public static StoredWeights random(Format format, int rows, int columns, long seed) {
        StoredWeights weights = zero(format, rows, columns);
        Random random = new Random(seed);
        ByteBuffer bytes = weights.bytes;
        switch (format) {
            case F32 -> {
                for (int i = 0; i < bytes.capacity(); i += 4) {
                    bytes.putFloat(i, (float) random.nextGaussian());
                }
            }
            case F16 -> {
                for (int i = 0; i < bytes.capacity(); i += 2) {
                    bytes.putShort(i, half(random, 0.3));
                }
            }
            case BF16 -> {
                for (int i = 0; i < bytes.capacity(); i += 2) {
                    bytes.putShort(i, (short) (Float.floatToRawIntBits((float) random.nextGaussian()) >>> 16));
                }
            }
            case Q8_0, Q4_0 -> {
                random.nextBytes(bytes.array());
                int blockBytes = format.dtype().blockBytes();
                for (int i = 0; i < bytes.capacity(); i += blockBytes) {
                    bytes.putShort(i, half(random, 0.02));
                }
            }
        }
        return weights;
    }

    private static short half(Random random, double deviation) {
        return switch (random.nextInt(8)) {
            case 0 -> (short) (random.nextInt(1024) | random.nextInt(2) << 15);
            case 1 -> (short) (random.nextInt(2) << 15);
            default -> Float.floatToFloat16((float) (deviation * random.nextGaussian()));
        };
    }

    private int blockAt(int row, int column) {
        return (row * columns + column) / BLOCK * (format == Format.Q8_0 ? 2 + BLOCK : 2 + BLOCK / 2);
    }

    public double at(int row, int column) {
        int i = row * columns + column;
        int j = column % BLOCK;
        return switch (format) {
            case F32 -> bytes.getFloat(4 * i);
            case F16 -> Float.float16ToFloat(bytes.getShort(2 * i));
            case BF16 -> Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
            case Q8_0 -> scale(row, column) * bytes.get(blockAt(row, column) + 2 + j);
            case Q4_0 -> {
                int pair = bytes.get(blockAt(row, column) + 2 + j % 16) & 0xFF;
                yield scale(row, column) * ((j < 16 ? pair & 15 : pair >> 4) - 8);
            }
        };
    }

    /** Of a weight's block. */
    private double scale(int row, int column) {
        return Float.float16ToFloat(bytes.getShort(blockAt(row, column)));
    }

    /** Gives all blocks a scale. */
    public void scales(float scale) {
        int step = format.dtype().blockBytes();
        for (int i = 0; i < bytes.capacity(); i += step) {
            bytes.putShort(i, Float.floatToFloat16(scale));
        }
    }

    /** Gives all quantised weights one value, in units of their scales. */
    public void quants(int value) {
        for (int i = 0; i < bytes.capacity(); i++) {
            int within = i % (format == Format.Q8_0 ? 2 + BLOCK : 2 + BLOCK / 2);
            if (within >= 2) {
                bytes.put(i, (byte) (format == Format.Q8_0 ? value : (value + 8) * 17));
            }
        }
    }

    /** A file of nothing but these bytes. */
    public MappedTensor mapped() {
        try {
            Path path = Files.createTempFile("weights", ".raw");
            try {
                MappedFile file = MappedFile.open(Files.write(path, bytes.array()));
                return MappedTensor.contiguous(file, "weights", format.dtype(),
                        new long[]{rows, columns}, 0);
            } finally {
                // What is mapped stays; where the system forbids this, the JVM's end does it.
                if (!path.toFile().delete()) {
                    path.toFile().deleteOnExit();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public TiledMatrix tiled(boolean sparseInput, Arena arena) {
        TiledMatrix matrix = new TiledMatrix(format, rows, columns, sparseInput, arena);
        TilePacker packer = new TilePacker(matrix, mapped());
        for (int tile = 0; tile < matrix.tiles(); tile++) {
            packer.pack(tile);
        }
        return matrix;
    }
}
