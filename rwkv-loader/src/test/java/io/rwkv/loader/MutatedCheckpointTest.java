package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import io.rwkv.tokenizer.TokenizerFormatException;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damages files at random: whatever they hold, they are read or refused, in little memory, and nothing else happens. */
class MutatedCheckpointTest {
    /** More with -Drwkv.mutations=N; one case again with -Drwkv.mutations=1 -Drwkv.mutations.seed=SEED. */
    private static final int CASES = Integer.getInteger("rwkv.mutations", 8000);
    private static final int FIRST_SEED = Integer.getInteger("rwkv.mutations.seed", 1);
    private static final long MAX_ALLOCATED = 32 << 20;
    private static final List<byte[]> BASES = List.of(Fixtures.bytes("all-zip-protocol2.pth"),
            Fixtures.bytes("all-stream-protocol2.pth"), Fixtures.bytes("all-zip-protocol4.pth"),
            Fixtures.bytes("all-stream-protocol4.pth"), Fixtures.bytes("module-zip.pth"),
            Fixtures.bytes("module-stream.pth"), Fixtures.bytes("plain-zip.pth"),
            new ZipBuilder(true).add("x/data.pkl", PickleBuilder.dict().string("w").vector("0", 2).endDict())
                    .add("x/data/0", new byte[8]).end().bytes(),
            gguf(0), gguf(0), gguf(256));
    private static final long[] INTERESTING = {0, 1, 2, 3, 7, 8, 15, 16, 17, 22, 46, 127, 128, 255, 256, 32767, 32768,
            65535, 65536, 0x7FFFFFFF, 0x80000000L, 0xFFFFFFFEL, 0xFFFFFFFFL, 0x100000000L, Long.MAX_VALUE,
            Long.MIN_VALUE,
            -1, -2, Long.MAX_VALUE / 4, Long.MAX_VALUE / 8 + 1};
    private static final byte[] OPCODES = {'(', '.', 'N', 'Q', 'R', 'b', 'c', 't', ')', ']', 'a', 'e', '}', 's', 'u',
            'h',
            'j', 'q', 'r', 'J', 'K', 'M', 'G', 'X', 'B', 'C', (byte) 0x80, (byte) 0x85, (byte) 0x86, (byte) 0x87,
            (byte) 0x88, (byte) 0x8a, (byte) 0x8b, (byte) 0x8c, (byte) 0x8d, (byte) 0x93, (byte) 0x94, (byte) 0x95};

    @TempDir
    Path folder;

    /** Of everything a little: kinds of values, types, rearranged tensors. */
    private static byte[] gguf(int bytesInVocabulary) {
        String[] tokens = new String[3 + bytesInVocabulary];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = i == 0
                    ? "<s>"
                    : i == tokens.length - 2
                            ? "ab\\n"
                            : i == tokens.length - 1
                                    ? "[PAD" + i + "]"
                                    : String.format("\\x%02x", i - 1);
        }
        return new GgufBuilder().architecture("rwkv6").key("rwkv6.wkv.head_size", GgufBuilder.U32, GgufBuilder.u32(16))
                .key("rwkv6.rescale_every_n_layers", GgufBuilder.U8, new byte[]{1})
                .key("general.alignment", GgufBuilder.U32, GgufBuilder.u32(32))
                .key("nested", GgufBuilder.ARRAY, GgufBuilder.array(GgufBuilder.ARRAY, 1, GgufBuilder.texts("a", "b")))
                .key("tokenizer.ggml.model", GgufBuilder.STRING, GgufBuilder.text("rwkv"))
                .key("tokenizer.ggml.tokens", GgufBuilder.ARRAY, GgufBuilder.texts(tokens))
                .tensor("token_embd.weight", 1, new byte[128], 2, 32)
                .tensor("blk.0.time_mix_first.weight", new float[32], 32)
                .tensor("blk.1.time_mix_output.weight", 8, new byte[68], 2, 32)
                .tensor("blk.0.time_mix_w2.weight", 2, new byte[90], 5, 1, 32)
                .tensor("blk.0.time_mix_w1.weight", new float[20], 10, 2)
                .tensor("blk.0.time_mix_lerp_fused.weight", 30, new byte[20], 5, 1, 1, 2)
                .tensor("output.weight", 14, new byte[210], 1, 256).build();
    }

    private int read;
    private int refused;
    private int tokenizers;
    private long mostAllocated;
    private final Set<String> kinds = new HashSet<>();

    @Test
    void shouldReadOrRefuseButNeverFailOtherwise() {
        assertTimeoutPreemptively(Duration.ofMillis(60_000 + 10L * CASES), () -> {
            for (int i = 0; i < CASES; i++) {
                check(FIRST_SEED + i);
            }
        });
        System.out.println("mutated checkpoints: " + read + " read, " + tokenizers + " with tokenizers, " + refused
                + " refused for " + kinds.size()
                + " reasons, at most " + mostAllocated + " bytes allocated");
        if (CASES >= 1000) {
            // Otherwise the mutations would miss what they are for.
            assertTrue(read > CASES / 20, "read only " + read);
            assertTrue(tokenizers > CASES / 200, "read only " + tokenizers + " tokenizers");
            assertTrue(refused > CASES / 4, "refused only " + refused);
            assertTrue(kinds.size() > 60, "only " + kinds.size() + " reasons");
        }
    }

    private void check(int seed) {
        Random random = new Random(seed);
        byte[] bytes = BASES.get(random.nextInt(BASES.size())).clone();
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            bytes = mutate(bytes, random);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try {
            TensorFile file = Fixtures.open(folder, bytes);
            for (String name : file.names()) {
                readEnds(file.tensor(name));
            }
            if (file.format().startsWith("GGUF")) {
                readTokenizer(file);
            }
            read++;
        } catch (RwkvFormatException e) {
            refused++;
            kinds.add(kind(e.getMessage()));
        } catch (Throwable e) {
            fail("seed " + seed, e);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        mostAllocated = Math.max(mostAllocated, allocated);
        assertTrue(allocated < MAX_ALLOCATED, "seed " + seed + " allocated " + allocated + " bytes");
    }

    /** What was expected, without the names and numbers. */
    private static String kind(String message) {
        return message.replaceFirst("(?s).*?: expected (.*)", "$1").replaceFirst(", found.*", "")
                .replaceFirst("(zip entry|the name|storage) .*", "$1").replaceAll("\\[.*?\\]|\\d+", "#");
    }

    private static void readEnds(StoredTensor tensor) {
        long count = tensor.elementCount();
        if (count > 0) {
            tensor.read(0, new float[1], 0, 1);
            tensor.read(count - 1, new float[1], 0, 1);
        }
    }

    private void readTokenizer(TensorFile file) throws IOException {
        try {
            Tokenizers.inCheckpoint(file.path()).ifPresent(tokenizer -> tokenizers++);
        } catch (TokenizerFormatException e) {
            kinds.add(kind(e.getMessage()));
        }
    }

    private static byte[] mutate(byte[] bytes, Random random) {
        if (bytes.length < 16) {
            return bytes;
        }
        int at = random.nextInt(bytes.length - 8);
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long number = INTERESTING[random.nextInt(INTERESTING.length)];
        switch (random.nextInt(10)) {
            case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] = (byte) number;
            case 3 -> bytes[at] = OPCODES[random.nextInt(OPCODES.length)];
            case 4 -> view.putShort(at, (short) number);
            case 5 -> view.putInt(at, (int) number);
            case 6 -> view.putLong(at, number);
            case 7 -> {
                return Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            case 8 -> {
                // Part of this or another file over this one.
                byte[] other = random.nextBoolean() ? bytes.clone() : BASES.get(random.nextInt(BASES.size()));
                int from = random.nextInt(other.length);
                int length = Math.min(1 + random.nextInt(64), Math.min(other.length - from, bytes.length - at));
                System.arraycopy(other, from, bytes, at, length);
            }
            default -> {
                // A part taken out or put in twice: everything after it moves.
                int length = Math.min(1 + random.nextInt(32), bytes.length - at);
                int shift = random.nextBoolean() ? length : -length;
                byte[] moved = Arrays.copyOf(bytes, bytes.length + shift);
                int from = shift > 0 ? at : at + length;
                System.arraycopy(bytes, from, moved, from + shift, bytes.length - from);
                return moved;
            }
        }
        return bytes;
    }
}
