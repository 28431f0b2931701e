package io.rwkv.cli;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;
import io.rwkv.loader.Tokenizers;
import io.rwkv.tokenizer.Tokenizer;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;

/** The options of every command that runs a model. */
final class ModelOptions {
    @Option(names = "--model", paramLabel = "FILE", description = "Checkpoint. Default: the embedded demo model.")
    private Path model;

    @Option(names = "--engine", defaultValue = "auto", paramLabel = "NAME", description = "auto or nd4j. Default: ${DEFAULT-VALUE}.")
    private String engine;

    RwkvModel openModel() throws IOException {
        Progress progress = new Progress("loading");
        RwkvModel opened = Rwkv.open(model != null ? model : DemoModel.checkpoint(),
                RwkvOptions.defaults().withEngine(engine).withProgress(progress::report));
        progress.clear();
        return opened;
    }

    /** @param chosen may be null: then the demo model's, or the one that the vocabulary's size tells */
    Tokenizer openTokenizer(Path chosen, RwkvModel opened) throws IOException {
        if (chosen != null) {
            return Tokenizer.load(chosen);
        }
        return model == null
                ? Tokenizer.load(DemoModel.tokenizer())
                : Tokenizers.forCheckpoint(model, opened.config());
    }
}
