package io.rwkv.cli;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.Architecture;
import io.rwkv.loader.Checkpoints;
import io.rwkv.loader.GgufConverter;
import io.rwkv.loader.Tokenizers;

import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;

@Command(name = "convert", mixinStandardHelpOptions = true, description = {
        "Writes a checkpoint as a GGUF file, which may have quantised weights and holds its tokenizer.",
        "llama.cpp runs those of RWKV-6 and RWKV-7. OUT appears when it is complete, and not at all if that fails."})
final class ConvertCommand implements Callable<Integer> {
    static final class TypeConverter implements ITypeConverter<DType> {
        @Override
        public DType convert(String text) {
            return GgufConverter.types().stream().filter(t -> t.name().equals(text.toUpperCase(Locale.ROOT)))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException(
                            "expected one of " + GgufConverter.types() + ", found " + text));
        }
    }

    @Parameters(index = "0", paramLabel = "IN", description = "The checkpoint, in any format that is read.")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT", description = "The file to write, such as model.gguf.")
    private Path out;

    @Option(names = "--type", required = true, paramLabel = "TYPE", converter = TypeConverter.class, description = "The type of the large matrices: F32, F16, BF16, Q8_0 or Q4_0. Other weights keep more bits where that costs little.")
    private DType type;

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "World vocabulary or tokenizer.json to put into OUT. Default: the one in IN, else what the vocabulary's size tells, looked for beside IN and in $$RWKV_TOKENIZERS, else none.")
    private Path tokenizer;

    @Option(names = "--force", description = "Replace OUT if it exists.")
    private boolean force;

    @Override
    public Integer call() throws IOException {
        if (Files.isRegularFile(out) && !force) {
            throw new FileAlreadyExistsException(out + " exists; --force replaces it");
        }
        TensorFile checkpoint = Checkpoints.open(in);
        String with = "the tokenizer of " + in;
        if (tokenizer == null && Tokenizers.inCheckpoint(checkpoint).isEmpty()) {
            RwkvConfig config = Architecture.detect(checkpoint);
            tokenizer = Tokenizers.fileFor(in, config).orElse(null);
            if (tokenizer == null) {
                with = "no tokenizer, for none was found; --tokenizer names one; "
                        + Tokenizers.whyNone(checkpoint, config);
            }
        }
        try (Progress progress = Progress.bytes("converting")) {
            WhenTerminated.interrupt(
                    () -> GgufConverter.convert(checkpoint, out, type, tokenizer, progress::report));
        }
        System.err.printf(Locale.ROOT, "[%s, %s, %,d bytes, with %s]%n", out, type, Files.size(out),
                tokenizer == null ? with : tokenizer);
        return 0;
    }
}
