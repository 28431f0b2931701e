package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A tuned initial state inside a checkpoint is where every state begins. */
class TimeStateTest {
    private static final int[] TOKENS = {1, 17, 4, 4, 29, 0, 8};
    private static final long[] SHAPE = {Shapes.H, Shapes.N, Shapes.N};

    @TempDir
    Path folder;

    private static Map<String, long[]> with(RwkvVersion version, long[] shape, int layers) {
        Map<String, long[]> shapes = new LinkedHashMap<>(Shapes.of(version));
        for (int layer = 0; layer < layers; layer++) {
            shapes.put("blocks." + layer + ".att.time_state", shape);
        }
        return shapes;
    }

    private Path write(String name, Map<String, long[]> shapes) throws IOException {
        Path path = folder.resolve(name);
        Shapes.writer(shapes).write(path);
        return path;
    }

    private Path convert(Path path) throws IOException {
        Path out = folder.resolve(path.getFileName() + ".gguf");
        GgufConverter.convert(Checkpoints.open(path), out, DType.F32, null, (done, total) -> {});
        return out;
    }

    /** The same as the bare model whose states are begun with the tuned state from a file of its own. */
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "V4")
    void everyNewStateShouldStartFromIt(RwkvVersion version) throws IOException {
        Path whole = write("whole", with(version, SHAPE, Shapes.LAYERS));
        TensorFile file = Checkpoints.open(whole);
        SafetensorsWriter bare = new SafetensorsWriter();
        SafetensorsWriter tuned = new SafetensorsWriter();
        for (String name : file.names()) {
            (name.endsWith("time_state") ? tuned : bare).floats(name, file.tensor(name).shape(),
                    file.tensor(name).toFloats());
        }
        bare.write(folder.resolve("bare"));
        tuned.write(folder.resolve("tuned"));
        try (RwkvModel expected = Rwkv.open(folder.resolve("bare")); RwkvModel found = Rwkv.open(whole)) {
            RwkvState outside = expected.newState(folder.resolve("tuned"));
            RwkvState inside = found.newState();
            assertSame(outside, inside);
            assertFalse(Arrays.equals(expected.newState().read(1, "att_kv"), inside.read(1, "att_kv")));
            RwkvState untouched = inside.copy();
            assertArrayEquals(expected.allLogits(TOKENS, outside), found.allLogits(TOKENS, inside));
            assertSame(outside, inside);
            Path saved = folder.resolve("saved");
            inside.save(saved);
            assertSame(inside, found.loadState(saved));
            inside.reset();
            assertSame(untouched, inside);
            outside.reset();
            assertSame(untouched, outside);
            assertArrayEquals(expected.allLogits(TOKENS, expected.newState(folder.resolve("tuned"))),
                    found.allLogits(TOKENS, untouched));
            assertSame(found.newState(), inside);
            assertNotEquals(expected.fingerprint(), found.fingerprint());
        }
    }

    private static void assertSame(RwkvState expected, RwkvState found) {
        assertEquals(expected.parts(), found.parts());
        for (int layer = 0; layer < expected.layers(); layer++) {
            for (String part : expected.parts()) {
                assertArrayEquals(expected.read(layer, part), found.read(layer, part), layer + part);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "V4")
    void convertedFilesShouldKeepIt(RwkvVersion version) throws IOException {
        Path whole = write("whole", with(version, SHAPE, Shapes.LAYERS));
        Path converted = convert(whole);
        assertEquals(Checkpoints.open(whole).names(), Checkpoints.open(converted).names());
        Path again = convert(converted);
        try (RwkvModel expected = Rwkv.open(whole);
                RwkvModel found = Rwkv.open(converted);
                RwkvModel twice = Rwkv.open(again)) {
            assertSame(expected.newState(), found.newState());
            assertArrayEquals(expected.allLogits(TOKENS, expected.newState()),
                    found.allLogits(TOKENS, found.newState()));
            assertEquals(expected.fingerprint(), found.fingerprint());
            assertEquals(expected.fingerprint(), twice.fingerprint());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoneShouldBeRefused(RwkvVersion version) throws IOException {
        if (version == RwkvVersion.V4) {
            assertRefused(with(version, new long[]{Shapes.C}, 1), "blocks.0.att.time_state", "tuned initial state");
            return;
        }
        assertRefused(with(version, SHAPE, 2), "blocks.2.att.time_state", "missing");
        assertRefused(with(version, SHAPE, 4), "blocks.3.ln1.weight", "only blocks.3.att.time_state");
        for (long[] shape : new long[][]{{Shapes.H, Shapes.N}, {Shapes.N, Shapes.H, Shapes.N}, {Shapes.C, Shapes.N},
                {1, Shapes.H * 2, Shapes.N, Shapes.N}}) {
            assertRefused(with(version, shape, Shapes.LAYERS), "blocks.0.att.time_state",
                    "expected shape [2, 64, 64] for " + version);
        }
        Map<String, long[]> shapes = with(version, SHAPE, Shapes.LAYERS);
        SafetensorsWriter writer = new SafetensorsWriter();
        Shapes.values(shapes).forEach((name, values) -> {
            if (name.equals("blocks.1.att.time_state")) {
                values[5] = Float.NaN;
            }
            writer.floats(name, shapes.get(name), values);
        });
        Path path = folder.resolve("nan");
        writer.write(path);
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Rwkv.open(path));
        assertEquals("blocks.1.att.time_state", e.tensor());
        e = assertThrows(RwkvFormatException.class, () -> convert(path));
        assertEquals("blocks.1.att.time_state", e.tensor());
        assertTrue(Files.notExists(folder.resolve("nan.gguf")));
    }

    private static void assertRefused(Map<String, long[]> shapes, String tensor, String message) {
        RwkvFormatException e = assertThrows(RwkvFormatException.class,
                () -> Architecture.detect(Shapes.file(shapes)));
        assertEquals(tensor, e.tensor(), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    @Test
    void theReferencesLogitsShouldCome() throws IOException {
        Path path = Shared.reference().resolve("models/synthetic-rwkv6-timestate-c64-bf16.pth");
        TensorFile expected = SafetensorsReader
                .open(Shared.reference().resolve("logits/synthetic-rwkv6-timestate-c64-promptR1.safetensors"));
        assertLogits(path, expected);
        assertLogits(convert(path), expected);
    }

    /** The core asks the loader for these formats, which it finds as a service. */
    @Test
    void aFileOfItsOwnMayHaveAnyFormat() throws IOException {
        Map<String, long[]> shapes = with(RwkvVersion.V6, SHAPE, Shapes.LAYERS);
        shapes.keySet().retainAll(shapes.keySet().stream().filter(n -> n.endsWith("time_state")).toList());
        Path safetensors = write("tuned.safetensors", shapes);
        PickleBuilder pickle = PickleBuilder.dict();
        byte[][] storages = new byte[shapes.size()][];
        for (int layer = 0; layer < Shapes.LAYERS; layer++) {
            String name = "blocks." + layer + ".att.time_state";
            float[] values = Checkpoints.open(safetensors).tensor(name).toFloats();
            pickle.string(name).tensor("" + layer, values.length, 0, SHAPE,
                    new long[]{(long) Shapes.N * Shapes.N, Shapes.N, 1});
            storages[layer] = GgufBuilder.floats(values);
        }
        Path pth = Files.write(folder.resolve("tuned.pth"), ZipBuilder.checkpoint(pickle.endDict(), storages).bytes());
        try (RwkvModel model = Rwkv.open(write("bare", Shapes.of(RwkvVersion.V6)))) {
            assertSame(model.newState(safetensors), model.newState(pth));
        }
    }

    private static void assertLogits(Path path, TensorFile expected) throws IOException {
        float[] ids = expected.tensor("tokens").toFloats();
        int[] tokens = new int[ids.length];
        Arrays.setAll(tokens, i -> (int) ids[i]);
        try (RwkvModel model = Rwkv.open(path)) {
            float[][] found = model.allLogits(tokens, model.newState());
            RwkvState one = model.newState();
            for (int t = 0; t < tokens.length; t++) {
                float[] row = new float[found[t].length];
                expected.tensor("logits").read((long) t * row.length, row, 0, row.length);
                assertArrayEquals(row, found[t], 1e-4f, "token " + t);
                assertArrayEquals(row, model.logits(new int[]{tokens[t]}, one), 1e-4f, "token " + t);
            }
        }
    }

    /** For RWKV-7 the rows are the state's rows. */
    @Test
    void theFieldsFileShouldStartFromWhatItHolds() throws IOException {
        Path path = Shared.reference().resolve("field/F4-time-state-inside.safetensors");
        TensorFile file = Checkpoints.open(path);
        try (RwkvModel model = Rwkv.open(path)) {
            for (int layer = 0; layer < 2; layer++) {
                assertArrayEquals(file.tensor("blocks." + layer + ".att.time_state").toFloats(),
                        model.newState().read(layer, "att_kv"));
            }
        }
    }

    @Test
    void aFileOfItsOwnShouldHoldNothingElse() throws IOException {
        Path bare = write("bare", Shapes.of(RwkvVersion.V6));
        for (String other : new String[]{"blocks.0.att.key.lora_A", "blocks.1.att.time_faaaa", "emb.weight", "x"}) {
            Map<String, long[]> shapes = with(RwkvVersion.V6, SHAPE, Shapes.LAYERS);
            shapes.keySet().retainAll(shapes.keySet().stream().filter(n -> n.endsWith("time_state")).toList());
            try (RwkvModel model = Rwkv.open(bare)) {
                model.newState(write("tuned", shapes));
                shapes.put(other, new long[]{3});
                Path path = write("more", shapes);
                RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> model.newState(path));
                assertEquals(other, e.tensor(), e.getMessage());
            }
        }
    }
}
