package io.rwkv.cli;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;
import io.rwkv.tokenizer.BpeTokenizer;
import io.rwkv.tokenizer.Tokenizer;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** The options of every command that runs a model. */
final class ModelOptions {
    private static final List<String> TOKENIZER_NAMES = List.of("tokenizer.json", "20B_tokenizer.json");

    @Option(names = "--model", paramLabel = "FILE", description = "Checkpoint (.pth). Default: the embedded demo model.")
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

    /** @param chosen may be null: then the demo model's, or one beside the model */
    Tokenizer openTokenizer(Path chosen) throws IOException {
        if (chosen != null) {
            return BpeTokenizer.load(chosen);
        }
        if (model == null) {
            return BpeTokenizer.load(DemoModel.tokenizer());
        }
        Path folder = model.toAbsolutePath().getParent();
        for (String name : TOKENIZER_NAMES) {
            if (Files.exists(folder.resolve(name))) {
                return BpeTokenizer.load(folder.resolve(name));
            }
        }
        throw new NoSuchFileException(
                "a tokenizer for " + model + "; looked for " + TOKENIZER_NAMES + " in " + folder
                        + "; name one with --tokenizer");
    }
}
