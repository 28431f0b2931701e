package io.rwkv.loader;

import io.rwkv.core.RwkvVersion;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** The tensors of a small checkpoint of each version, written down independently of the code that checks them. */
final class Shapes {
    static final int LAYERS = 3;
    static final int C = 128;
    static final int H = 2;
    static final int N = 64;
    static final int F = 160;
    static final int V = 30;

    private Shapes() {
    }

    static Map<String, long[]> of(RwkvVersion version) {
        Map<String, long[]> all = new LinkedHashMap<>();
        all.put("emb.weight", new long[]{V, C});
        for (int layer = 0; layer < LAYERS; layer++) {
            String p = "blocks." + layer + ".";
            if (layer == 0) {
                norm(all, p + "ln0");
            }
            norm(all, p + "ln1");
            norm(all, p + "ln2");
            for (String name : new String[]{"receptance", "key", "value", "output"}) {
                all.put(p + "att." + name + ".weight", new long[]{C, C});
            }
            all.put(p + "ffn.key.weight", new long[]{F, C});
            all.put(p + "ffn.value.weight", new long[]{C, F});
            if (version != RwkvVersion.V4) {
                norm(all, p + "att.ln_x");
            }
            switch (version) {
                case V4, V5_0, V5_1, V5_2 -> upTo5(all, p, version);
                case V6 -> six(all, p);
                case V7, V7A -> seven(all, p, layer, version == RwkvVersion.V7A);
            }
        }
        norm(all, "ln_out");
        all.put("head.weight", new long[]{V, C});
        return all;
    }

    private static void norm(Map<String, long[]> all, String name) {
        all.put(name + ".weight", new long[]{C});
        all.put(name + ".bias", new long[]{C});
    }

    private static void upTo5(Map<String, long[]> all, String p, RwkvVersion version) {
        boolean gated = version == RwkvVersion.V5_1 || version == RwkvVersion.V5_2;
        for (String mix : (gated ? "att r,att k,att v,att g" : "att r,att k,att v").concat(",ffn r,ffn k").split(",")) {
            all.put(p + mix.replace(" ", ".time_mix_"), new long[]{1, 1, C});
        }
        long[] perHead = version == RwkvVersion.V4
                ? new long[]{C}
                : version == RwkvVersion.V5_2 ? new long[]{H, N} : new long[]{H};
        all.put(p + "att.time_decay", perHead);
        boolean bonus = version == RwkvVersion.V5_1 || version == RwkvVersion.V5_2;
        all.put(p + (bonus ? "att.time_faaaa" : "att.time_first"), perHead);
        all.put(p + "ffn.receptance.weight", new long[]{C, C});
        if (gated) {
            all.put(p + "att.gate.weight", new long[]{C, C});
        }
    }

    private static void six(Map<String, long[]> all, String p) {
        for (char mix : "xwkvrg".toCharArray()) {
            all.put(p + "att.time_maa_" + mix, new long[]{1, 1, C});
        }
        all.put(p + "ffn.time_maa_k", new long[]{1, 1, C});
        all.put(p + "ffn.time_maa_r", new long[]{1, 1, C});
        all.put(p + "att.time_maa_w1", new long[]{C, 5 * 6});
        all.put(p + "att.time_maa_w2", new long[]{5, 6, C});
        all.put(p + "att.time_decay", new long[]{1, 1, C});
        all.put(p + "att.time_decay_w1", new long[]{C, 7});
        all.put(p + "att.time_decay_w2", new long[]{7, C});
        all.put(p + "att.time_faaaa", new long[]{H, N});
        all.put(p + "att.gate.weight", new long[]{C, C});
        all.put(p + "ffn.receptance.weight", new long[]{C, C});
    }

    private static void seven(Map<String, long[]> all, String p, int layer, boolean deep) {
        for (char mix : "rwkvag".toCharArray()) {
            all.put(p + "att.x_" + mix, new long[]{1, 1, C});
        }
        all.put(p + "ffn.x_k", new long[]{1, 1, C});
        String loras = layer == 0 ? "wag" : "wavg";
        for (char lora : loras.toCharArray()) {
            long rank = 5 + "wavg".indexOf(lora);
            if (lora != 'g') {
                all.put(p + "att." + lora + "0", new long[]{1, 1, C});
            }
            all.put(p + "att." + lora + "1", new long[]{C, rank});
            all.put(p + "att." + lora + "2", new long[]{rank, C});
        }
        all.put(p + "att.k_k", new long[]{1, 1, C});
        all.put(p + "att.k_a", new long[]{1, 1, C});
        all.put(p + "att.r_k", new long[]{H, N});
        if (deep) {
            all.put(p + "ffn.s0", new long[]{1, 1, F});
            all.put(p + "ffn.s1", new long[]{C, 3});
            all.put(p + "ffn.s2", new long[]{3, F});
            all.put(p + "ffn.s_emb.weight", new long[]{V, 9});
            all.put(p + "ffn.s_emb_x.weight", new long[]{9, C});
        }
    }

    /** A file of tensors that have shapes and no values. */
    static TensorFile file(Map<String, long[]> shapes) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> tensors.put(name, new Empty(name, DType.F32, shape)));
        return new TensorFile(Path.of("shapes.pth"), "test", tensors, Map.of());
    }

    /** Random values, small enough for a model to stay finite. */
    static Map<String, float[]> values(Map<String, long[]> shapes) {
        Random random = new Random(5);
        Map<String, float[]> values = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> {
            float[] array = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
            for (int i = 0; i < array.length; i++) {
                array[i] = (float) random.nextGaussian() * 0.2f;
            }
            values.put(name, array);
        });
        return values;
    }

    static SafetensorsWriter writer(Map<String, long[]> shapes) {
        SafetensorsWriter writer = new SafetensorsWriter();
        values(shapes).forEach((name, array) -> writer.floats(name, shapes.get(name), array));
        return writer;
    }

    record Empty(String name, DType dtype, long[] shape) implements StoredTensor {
        @Override
        public long elementCount() {
            return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        }

        @Override
        public void read(long first, float[] to, int at, int count) {
            throw new AssertionError("no weight may be read to tell what a checkpoint is");
        }
    }
}
