package io.rwkv.cli;

import io.rwkv.core.RwkvModel;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Tokenizers;
import io.rwkv.tokenizer.Tokenizer;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;

/** The options of every command that gives a model text. */
final class TextModelOptions extends ModelOptions {
    @Option(names = "--tokenizer", paramLabel = "FILE", description = "tokenizer.json or World vocabulary. Default: what the vocabulary's size tells, looked for beside the model and in $$RWKV_TOKENIZERS.")
    private Path tokenizer;

    /** The one asked for, or the demo model's, or the one that the vocabulary's size tells. */
    Tokenizer openTokenizer(RwkvModel opened) throws IOException {
        if (tokenizer != null) {
            return Tokenizer.load(tokenizer);
        }
        return model == null
                ? Tokenizer.load(DemoModel.tokenizer())
                : Tokenizers.forCheckpoint(model, opened.config());
    }
}
