package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint beyond four gigabytes, which takes no room on file systems that keep holes. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "needs a file system that keeps holes")
class LargeCheckpointTest {
    private static final long ELEMENTS = (5L << 30) / 4;

    @TempDir
    Path folder;

    @Test
    void shouldOpenAndReadBeyondFourGigabytesWithoutReadingTheData() throws IOException {
        byte[] pickle = PickleBuilder.dict().string("w").vector("0", ELEMENTS).string("b").vector("1", 1).endDict();
        Path path = folder.resolve("large.pth");
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE,
                StandardOpenOption.WRITE)) {
            ByteBuffer out = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
            header(out, "a/data.pkl").put(pickle);
            long first = out.position();
            header(out, "a/data/0");
            long firstData = out.position();
            write(channel, out, 0);
            long second = firstData + 4 * ELEMENTS;
            out.clear();
            out.putFloat(7); // the last element of the first storage
            header(out, "a/data/1").putFloat(8);
            write(channel, out, second - 4);
            long directory = channel.size();
            out.clear();
            entry(out, "a/data.pkl", pickle.length, 0);
            entry(out, "a/data/0", 4 * ELEMENTS, first);
            entry(out, "a/data/1", 4, second);
            long size = out.position();
            out.putInt(0x06064b50).putLong(44).putInt(0).putInt(0).putInt(0).putLong(3).putLong(3).putLong(size)
                    .putLong(directory);
            out.putInt(0x07064b50).putInt(0).putLong(directory + size).putInt(1);
            out.putInt(0x06054b50).putInt(0).putShort((short) 3).putShort((short) 3).putInt((int) size).putInt(-1)
                    .putShort((short) 0);
            write(channel, out, directory);
        }
        long start = System.nanoTime();
        TensorFile file = Checkpoints.open(path);
        double seconds = (System.nanoTime() - start) / 1e9;
        StoredTensor w = file.tensor("w");
        assertEquals(ELEMENTS, w.elementCount());
        float[] last = new float[2];
        w.read(ELEMENTS - 2, last, 0, 2);
        assertArrayEquals(new float[]{0, 7}, last);
        assertArrayEquals(new float[]{8}, file.tensor("b").toFloats());
        // Touching every page of five gigabytes takes longer.
        assertTrue(seconds < 1, "opened in " + seconds + " s");
    }

    /** The tensors of an RWKV-7 of 1.5 billion parameters, in 16 bits, with a vocabulary of the usual size. */
    @Test
    void shouldOpenAGgufFileOfThreeGigabytesAtOnce() throws IOException {
        GgufBuilder builder = new GgufBuilder().architecture("rwkv7").key("rwkv7.wkv.head_size", GgufBuilder.U32,
                GgufBuilder.u32(64));
        String[] tokens = new String[65536];
        Arrays.setAll(tokens, i -> i == 0 ? "<s>" : i <= 256 ? String.format("\\x%02x", i - 1) : "token " + i);
        builder.key("tokenizer.ggml.model", GgufBuilder.STRING, GgufBuilder.text("rwkv")).key("tokenizer.ggml.tokens",
                GgufBuilder.ARRAY, GgufBuilder.texts(tokens));
        long offset = 0;
        for (String name : List.of("token_embd.weight", "output.weight")) {
            builder.info(name, 1, offset, 2048, 65536);
            offset += 2 * 2048L * 65536;
        }
        for (int layer = 0; layer < 24; layer++) {
            for (String name : List.of("receptance", "key", "value", "output")) {
                builder.info("blk." + layer + ".time_mix_" + name + ".weight", 1, offset, 2048, 2048);
                offset += 2 * 2048L * 2048;
            }
            for (String name : List.of("key", "value")) {
                boolean key = name.equals("key");
                builder.info("blk." + layer + ".channel_mix_" + name + ".weight", 1, offset, key ? 2048 : 8192,
                        key ? 8192 : 2048);
                offset += 2 * 2048L * 8192;
            }
            for (String name : List.of("attn_norm.weight", "time_mix_w0.weight", "time_mix_r_k.weight",
                    "time_mix_k_k.weight", "attn_norm_2.bias")) {
                builder.info("blk." + layer + "." + name, 0, offset, 2048);
                offset += 4 * 2048;
            }
        }
        Path path = folder.resolve("large.gguf");
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE,
                StandardOpenOption.WRITE)) {
            ByteBuffer head = ByteBuffer.wrap(builder.build());
            long start = head.limit();
            channel.write(head, 0);
            channel.write(ByteBuffer.allocate(1), start + offset - 1);
        }
        long start = System.nanoTime();
        TensorFile file = Checkpoints.open(path);
        double opened = (System.nanoTime() - start) / 1e9;
        int size = Tokenizers.inCheckpoint(path).orElseThrow().vocabularySize();
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("a GGUF file of %,d bytes: opened in %.3f s, with its tokenizer in %.3f s%n",
                path.toFile().length(),
                opened, seconds);
        assertEquals(65536, size);
        assertEquals(2 + 24 * 11, file.names().size());
        assertEquals(0f, file.tensor("blocks.23.ffn.value.weight").toFloats()[2048 * 8192 - 1]);
        assertTrue(seconds < 1, "opened in " + seconds + " s");
    }

    private static ByteBuffer header(ByteBuffer out, String name) {
        return out.putInt(0x04034b50).put(new byte[22]).putShort((short) name.length()).putShort((short) 0)
                .put(name.getBytes(StandardCharsets.US_ASCII));
    }

    private static void entry(ByteBuffer out, String name, long size, long header) {
        out.putInt(0x02014b50).put(new byte[16]).putInt(-1).putInt(-1).putShort((short) name.length())
                .putShort((short) 28).put(new byte[10]).putInt(-1).put(name.getBytes(StandardCharsets.US_ASCII));
        out.putShort((short) 1).putShort((short) 24).putLong(size).putLong(size).putLong(header);
    }

    private static void write(FileChannel channel, ByteBuffer out, long at) throws IOException {
        out.flip();
        while (out.hasRemaining()) {
            at += channel.write(out, at);
        }
    }
}
