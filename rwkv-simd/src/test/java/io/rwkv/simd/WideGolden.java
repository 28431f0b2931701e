package io.rwkv.simd;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.tensor.Elements;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.HeapTensor;
import io.rwkv.simd.internal.memory.StoredWeights;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Pattern;

/**
 * The golden models made four times as wide, since weights in blocks of 32 need that: every channel becomes four, and noise
 * makes them differ. Versions, names, parts and the range of decays stay.
 */
final class WideGolden {
    private static final int FACTOR = 4;
    /** The golden models' widths: embedding, channel mix and head. */
    private static final int WIDTH = 24;
    private static final int FFN_WIDTH = 48;
    private static final int HEAD = 8;
    private static final int VOCABULARY = 37;

    private static final Pattern LARGE = Pattern
            .compile(".*(receptance|key|value|output|gate|head|s_emb_x)\\.weight");
    private static final Pattern LOW_RANK = Pattern.compile(".*\\.(time_maa_w|time_decay_w|[wavgs])[12]");

    private WideGolden() {
    }

    static RwkvModel model(RwkvVersion version, RwkvOptions options) {
        return model(version, options, Precision.F32);
    }

    /** @param rounded the precision to which its matrices have been rounded beforehand */
    static RwkvModel model(RwkvVersion version, RwkvOptions options, Precision rounded) {
        return RwkvModel.load(weights(version, rounded), config(version), options.toBuilder().engine("simd").build());
    }

    private static RwkvConfig config(RwkvVersion version) {
        return new RwkvConfig(version, 2, FACTOR * WIDTH, version == RwkvVersion.V4 ? 0 : 3, FACTOR * FFN_WIDTH,
                VOCABULARY);
    }

    /** One with a weight that is no number, in a tensor said to be of this type. */
    static RwkvModel damaged(DType type, RwkvOptions options) {
        String name = "blocks.1.att.key.weight";
        StoredTensor whole = weights(RwkvVersion.V7, Precision.F32).tensor(name);
        float[] values = whole.toFloats();
        values[FACTOR * WIDTH] = Float.NaN; // in the second row
        return with(name, new HeapTensor(name, type, whole.shape(), values), options);
    }

    /** An RWKV-7 with this tensor in the place of its own. */
    static RwkvModel with(String name, StoredTensor tensor, RwkvOptions options) {
        TensorFile whole = weights(RwkvVersion.V7, Precision.F32);
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        whole.names().forEach(n -> tensors.put(n, n.equals(name) ? tensor : whole.tensor(n)));
        return RwkvModel.load(new TensorFile(whole.path(), "damaged", tensors, Map.of()), config(RwkvVersion.V7),
                options.toBuilder().engine("simd").build());
    }

    private static TensorFile weights(RwkvVersion version, Precision rounded) {
        String resource = "/golden/rwkv" + version.number() + ".safetensors";
        try (InputStream in = Objects.requireNonNull(WideGolden.class.getResourceAsStream(resource), resource)) {
            Path path = Files.createTempFile("golden", ".safetensors");
            path.toFile().deleteOnExit();
            Files.copy(in, path, StandardCopyOption.REPLACE_EXISTING);
            TensorFile golden = SafetensorsReader.open(path);
            Random random = new Random(1);
            Map<String, StoredTensor> wide = new LinkedHashMap<>();
            for (String name : golden.names()) {
                if (name.matches("(emb|blocks|ln_out|head)\\..*")) {
                    HeapTensor tensor = widen(golden.tensor(name), random);
                    round(tensor, rounded);
                    wide.put(name, tensor);
                }
            }
            return new TensorFile(path, "golden", wide, Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean grows(long length) {
        return length == WIDTH || length == FFN_WIDTH || length == HEAD;
    }

    private static HeapTensor widen(StoredTensor small, Random random) {
        long[] shape = small.shape();
        int size = 1;
        int growing = 0;
        for (int d = 0; d < shape.length; d++) {
            if (grows(shape[d])) {
                shape[d] *= FACTOR;
                growing++;
            }
            size *= (int) shape[d];
        }
        float[] from = small.toFloats();
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            float value = from[place(i, shape, small.shape())];
            // A sum of four times as many terms with random signs is twice as large.
            values[i] = LARGE.matcher(small.name()).matches()
                    ? (float) (value * random.nextGaussian() / 2)
                    : (float) (value * (1 + 0.1 * random.nextGaussian()));
        }
        return new HeapTensor(small.name(), shape, values);
    }

    /** Where in the small tensor the element stands that one of the wide tensor is made of. */
    private static int place(int i, long[] wide, long[] small) {
        int place = 0;
        int step = 1;
        for (int d = wide.length - 1; d >= 0; d--) {
            int index = (int) (i % wide[d]);
            place += (wide[d] == small[d] ? index : index / FACTOR) * step;
            step *= (int) small[d];
            i /= (int) wide[d];
        }
        return place;
    }

    /** To what an engine holds of it in this precision: low-rank maps never in blocks. */
    private static void round(HeapTensor tensor, Precision precision) {
        boolean large = LARGE.matcher(tensor.name()).matches();
        if (!large && !LOW_RANK.matcher(tensor.name()).matches()) {
            return;
        }
        Format format = precision.dtype().map(Format::of).orElseThrow();
        if (!large && format.blockColumns() > 1) {
            format = Format.F16;
        }
        float[] values = tensor.values();
        StoredWeights rounded = StoredWeights.zero(format, 1, values.length);
        Elements.narrow(format.dtype(), values, 0, values.length, rounded.bytes(), 0);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) rounded.at(0, i);
        }
    }
}
