package io.rwkv.cli;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;

/** The options of every command that runs a model. */
class ModelOptions {
    @Option(names = "--model", paramLabel = "FILE", description = "Checkpoint. Default: the embedded demo model.")
    Path model;

    @Option(names = "--engine", defaultValue = "auto", paramLabel = "NAME", description = "auto or nd4j. Default: ${DEFAULT-VALUE}.")
    private String engine;

    RwkvModel openModel() throws IOException {
        Progress progress = new Progress("loading");
        try {
            return Rwkv.open(model != null ? model : DemoModel.checkpoint(),
                    RwkvOptions.defaults().withEngine(engine).withProgress(progress::report));
        } finally {
            progress.clear();
        }
    }
}
