package io.rwkv.cli;

import com.fasterxml.jackson.databind.JsonNode;

import io.rwkv.tokenizer.Tokenizer;
import io.rwkv.tokenizer.WorldTokenizer;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.Callable;

@Command(name = "tokenize", mixinStandardHelpOptions = true, description = "Encodes each line of a JSONL file: {\"text\": …} or {\"hex\": …} in, {\"ids\": […]} out.")
final class TokenizeCommand implements Callable<Integer> {
    @Option(names = "--tokenizer", required = true, paramLabel = "FILE", description = "tokenizer.json or World vocabulary.")
    private Path tokenizerFile;

    @Option(names = "--in", required = true, paramLabel = "FILE", description = "Lines {\"text\": …}, or {\"hex\": …} for bytes.")
    private Path in;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Receives lines {\"ids\": […]}.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(tokenizerFile);
        JsonLines.convert(in, out, "encoding", line -> Map.of("ids", encode(tokenizer, line)));
        return 0;
    }

    private static int[] encode(Tokenizer tokenizer, JsonNode line) {
        JsonNode text = line.get("text");
        if (text != null && text.isTextual()) {
            return tokenizer.encode(text.textValue());
        }
        JsonNode hex = line.get("hex");
        if (hex == null || !hex.isTextual()) {
            throw new IllegalArgumentException("expected a string named text or hex");
        }
        byte[] bytes;
        try {
            bytes = HexFormat.of().parseHex(hex.textValue());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("hex: " + e.getMessage(), e);
        }
        if (tokenizer instanceof WorldTokenizer world) {
            return world.encode(bytes);
        }
        try {
            return tokenizer.encode(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("expected UTF-8, which is all that this tokenizer encodes", e);
        }
    }
}
