package io.rwkv.cli;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.tensor.SafetensorsWriter;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;

@Command(name = "logits", mixinStandardHelpOptions = true, description = "Writes the logits after each token, and the final state, as safetensors.")
final class LogitsCommand implements Callable<Integer> {
    /** Two of the model's stretches: so read, the tokens are computed in the same stretches as in one call. */
    private static final int PIECE = 512;

    @Mixin
    private ModelOptions modelOptions;

    @Option(names = "--tokens", required = true, split = ",", paramLabel = "ID", description = "Token ids, separated by commas.")
    private int[] tokens;

    @Option(names = "--form", defaultValue = "parallel", paramLabel = "recurrent|parallel", description = "One token at a time, or all at once. Default: ${DEFAULT-VALUE}.")
    private String form;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Receives tokens [T], logits [T, vocabulary] and state.LAYER.PART.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        if (!form.equals("recurrent") && !form.equals("parallel")) {
            throw new IllegalArgumentException("--form: expected recurrent or parallel, found " + form);
        }
        try (RwkvModel model = modelOptions.openModel()) {
            RwkvState state = model.newState();
            float[][] logits = logits(model, state, form.equals("parallel") ? PIECE : 1);
            SafetensorsWriter writer = new SafetensorsWriter().integers("tokens", tokens).floats("logits",
                    new long[]{tokens.length, model.config().vocabularySize()}, logits);
            state.addTo(writer);
            writer.write(out);
        }
        return 0;
    }

    private float[][] logits(RwkvModel model, RwkvState state, int atOnce) {
        float[][] logits = new float[tokens.length][];
        try (Progress progress = Progress.of("reading", "tokens")) {
            for (int from = 0; from < tokens.length; from += atOnce) {
                int to = Math.min(tokens.length, from + atOnce);
                float[][] piece = model.allLogits(Arrays.copyOfRange(tokens, from, to), state);
                System.arraycopy(piece, 0, logits, from, piece.length);
                progress.report(to, tokens.length);
            }
        }
        return logits;
    }
}
