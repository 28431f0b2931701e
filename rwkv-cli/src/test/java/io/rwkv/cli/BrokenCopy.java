package io.rwkv.cli;

import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Checkpoints;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Path;

/** The demo model, but whatever has read an @ gives no numbers. */
final class BrokenCopy {
    private BrokenCopy() {
    }

    static Path write(Path folder) throws IOException {
        int[] at = Tokenizer.load(DemoModel.tokenizer()).encode("@");
        TensorFile demo = Checkpoints.open(DemoModel.checkpoint());
        SafetensorsWriter out = new SafetensorsWriter();
        for (String name : demo.names()) {
            StoredTensor tensor = demo.tensor(name);
            float[] values = tensor.toFloats();
            if (name.equals("emb.weight")) {
                values[at[0] * (int) tensor.shape()[1]] = Float.NaN;
            }
            out.floats(name, tensor.shape(), values);
        }
        Path file = folder.resolve("broken.safetensors");
        out.write(file);
        return file;
    }
}
