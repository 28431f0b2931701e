package io.rwkv.core;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** An RWKV-4 of any size whose weights are computed from their places when they are read, so that its file needs no memory. */
final class ComputedModel {
    private ComputedModel() {
    }

    private record Computed(String name, long[] shape) implements StoredTensor {
        @Override
        public DType dtype() {
            return DType.F32;
        }

        @Override
        public long[] shape() {
            return shape.clone();
        }

        @Override
        public long elementCount() {
            long count = 1;
            for (long length : shape) {
                count *= length;
            }
            return count;
        }

        @Override
        public void read(long first, float[] to, int at, int count) {
            for (int i = 0; i < count; i++) {
                long mixed = (first + i + 31L * name.hashCode()) * 0x9E3779B97F4A7C15L;
                to[at + i] = ((mixed >>> 40) / (float) (1 << 24) - 0.5f) / 8;
            }
        }
    }

    static RwkvConfig config(int layers, int width, int vocabulary) {
        return new RwkvConfig(RwkvVersion.V4, layers, width, 0, 2 * width, vocabulary);
    }

    static TensorFile file(RwkvConfig config) {
        int width = config.width();
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        add(tensors, "emb.weight", config.vocabularySize(), width);
        add(tensors, "blocks.0.ln0.weight", width);
        add(tensors, "blocks.0.ln0.bias", width);
        for (int i = 0; i < config.layers(); i++) {
            String layer = "blocks." + i + ".";
            for (String name : "ln1.weight ln1.bias ln2.weight ln2.bias att.time_mix_r att.time_mix_k att.time_mix_v"
                    .split(" ")) {
                add(tensors, layer + name, width);
            }
            for (String name : "att.time_decay att.time_first ffn.time_mix_r ffn.time_mix_k".split(" ")) {
                add(tensors, layer + name, width);
            }
            for (String name : "att.receptance att.key att.value att.output ffn.receptance".split(" ")) {
                add(tensors, layer + name + ".weight", width, width);
            }
            add(tensors, layer + "ffn.key.weight", config.ffnWidth(), width);
            add(tensors, layer + "ffn.value.weight", width, config.ffnWidth());
        }
        add(tensors, "ln_out.weight", width);
        add(tensors, "ln_out.bias", width);
        add(tensors, "head.weight", config.vocabularySize(), width);
        return new TensorFile(Path.of("computed.pth"), "computed", tensors, Map.of());
    }

    private static void add(Map<String, StoredTensor> tensors, String name, long... shape) {
        tensors.put(name, new Computed(name, shape));
    }

    static RwkvModel load(RwkvConfig config, RwkvOptions options) {
        return RwkvModel.load(file(config), config, options);
    }
}
