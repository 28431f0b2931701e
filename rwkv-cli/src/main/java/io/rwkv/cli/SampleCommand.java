package io.rwkv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;

@Command(name = "sample", mixinStandardHelpOptions = true, description = {
        "Says for each line of a JSONL file which tokens could be chosen, and how likely: {\"kept\": ids ascending, \"p\": …}. For comparing with other programs.",
        "A line has logits (an array) or f32le_base64, and what is to be done: order (rwkv_pip, temperature_first or llama_cpp), temperature, top_p, top_k, min_p, typical_p; or temperature, tau, eta and mu, for mirostat 2; and logit_bias, ban, occurrence, presence, frequency. What is left out is off."})
final class SampleCommand implements Callable<Integer> {
    @Option(names = "--in", required = true, paramLabel = "FILE", description = "Lines of logits and options.")
    private Path in;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Receives lines {\"kept\": […], \"p\": […]}.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        JsonLines.convert(in, out, "sampling", line -> new SampleLine(line).distribution());
        return 0;
    }
}
