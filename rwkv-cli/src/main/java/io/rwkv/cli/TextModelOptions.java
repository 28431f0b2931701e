package io.rwkv.cli;

import io.rwkv.text.TextModel;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.generation.GenerationOptions;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;

/** The options of every command that gives a model text. */
final class TextModelOptions extends ModelOptions {
    /** Of top-p 0.3, 0.5 and 0.8, penalties, min-p and greedy choice, the one with which the demo model keeps best to its subject. */
    private static final GenerationOptions DEMO = GenerationOptions.builder().topP(0.3).build();

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "tokenizer.json or World vocabulary. Default: what the vocabulary's size tells, looked for beside the model and in $$RWKV_TOKENIZERS.")
    private Path tokenizer;

    /** The model with the tokenizer asked for, or the one that the vocabulary's size tells. */
    TextModel openText(Pooling pooling) throws IOException {
        TextModel.Builder builder = TextModel.builder(file()).pooling(pooling);
        if (model == null) {
            builder.generationOptions(DEMO);
        }
        if (tokenizer != null) {
            builder.tokenizer(tokenizer);
        }
        return load(options -> builder.options(options).open());
    }
}
