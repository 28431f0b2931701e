package io.rwkv.cli;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The options of every command that runs a model. */
class ModelOptions {
    static final class PrecisionConverter implements ITypeConverter<Precision> {
        @Override
        public Precision convert(String text) {
            List<Precision> precisions = Arrays.asList(Precision.values());
            String name = text.toUpperCase(Locale.ROOT).replace('-', '_');
            return precisions.stream().filter(p -> p.name().equals(name)).findFirst()
                    .orElseThrow(() -> new TypeConversionException(
                            "expected one of " + precisions + ", found " + text));
        }
    }

    @Option(names = "--model", paramLabel = "FILE", description = "Checkpoint. Default: the embedded demo model.")
    Path model;

    @Option(names = "--engine", defaultValue = "auto", paramLabel = "NAME", description = "auto, simd or nd4j. auto is the fastest that can run. Default: ${DEFAULT-VALUE}.")
    private String engine;

    @Option(names = "--precision", defaultValue = "AS_STORED", paramLabel = "TYPE", converter = PrecisionConverter.class, description = "How the simd engine holds weights: as_stored, F32, F16, BF16, Q8_0 or Q4_0. Default: as_stored.")
    private Precision precision;

    @Option(names = "--threads", defaultValue = "0", paramLabel = "N", description = "Threads of the simd engine. Default: one per processor.")
    int threads;

    @Option(names = "--ignore-unknown-tensors", description = "Run a checkpoint without the tensors that its version does not have, instead of refusing it. Its results may be wrong.")
    private boolean ignoreUnknownTensors;

    /** What opens a model. */
    interface Opening<M> {
        M open(RwkvOptions options) throws IOException;
    }

    RwkvModel openModel() throws IOException {
        Path checkpoint = file();
        return load(options -> Rwkv.open(checkpoint, options));
    }

    /** Loads with the options asked for, and shows how far that is. */
    <M> M load(Opening<M> opening) throws IOException {
        try (Progress progress = Progress.bytes("loading")) {
            return opening.open(RwkvOptions.builder().engine(engine).precision(precision).threads(threads)
                    .progress(progress::report).ignoreUnknownTensors(ignoreUnknownTensors).build());
        }
    }

    /** The checkpoint asked for, or the demo model. */
    Path file() throws IOException {
        return model != null ? model : DemoModel.checkpoint();
    }
}
