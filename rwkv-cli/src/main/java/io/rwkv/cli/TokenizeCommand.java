package io.rwkv.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.core.internal.AtomicFiles;
import io.rwkv.tokenizer.Tokenizer;
import io.rwkv.tokenizer.WorldTokenizer;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.Callable;

@Command(name = "tokenize", mixinStandardHelpOptions = true, description = "Encodes each line of a JSONL file: {\"text\": …} or {\"hex\": …} in, {\"ids\": […]} out.")
final class TokenizeCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(names = "--tokenizer", required = true, paramLabel = "FILE", description = "tokenizer.json or World vocabulary.")
    private Path tokenizerFile;

    @Option(names = "--in", required = true, paramLabel = "FILE", description = "Lines {\"text\": …}, or {\"hex\": …} for bytes.")
    private Path in;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Receives lines {\"ids\": […]}.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(tokenizerFile);
        if (Files.isDirectory(in)) {
            throw new IOException(in + ": expected a file of JSON lines, found a folder");
        }
        WhenTerminated.interrupt(() -> AtomicFiles.write(out, channel -> {
            long size = Files.isRegularFile(in) ? Files.size(in) : Progress.UNKNOWN; // a pipe, say
            try (Progress progress = Progress.bytes("encoding");
                    CountingInput bytes = new CountingInput(Files.newInputStream(in));
                    BufferedReader lines = new BufferedReader(
                            new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder()))) {
                Writer to = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
                int number = 0;
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    number++;
                    int[] ids = encode(tokenizer, line, number);
                    to.write(JSON.writeValueAsString(Map.of("ids", ids)));
                    to.write('\n');
                    progress.report(bytes.count(), size);
                }
                to.flush();
            } catch (CharacterCodingException e) {
                throw new IOException(in + ": expected UTF-8, found other bytes", e);
            }
        }));
        return 0;
    }

    private int[] encode(Tokenizer tokenizer, String line, int number) throws IOException {
        JsonNode node;
        try {
            node = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw malformed(number, e.getOriginalMessage(), e);
        }
        JsonNode text = node.get("text");
        if (text != null && text.isTextual()) {
            return tokenizer.encode(text.textValue());
        }
        JsonNode hex = node.get("hex");
        if (hex == null || !hex.isTextual()) {
            throw malformed(number, "expected a string named text or hex", null);
        }
        byte[] bytes;
        try {
            bytes = HexFormat.of().parseHex(hex.textValue());
        } catch (IllegalArgumentException e) {
            throw malformed(number, "hex: " + e.getMessage(), e);
        }
        if (tokenizer instanceof WorldTokenizer world) {
            return world.encode(bytes);
        }
        try {
            return tokenizer.encode(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            throw malformed(number, "expected UTF-8, which is all that this tokenizer encodes", e);
        }
    }

    private IOException malformed(int line, String what, Exception cause) {
        return new IOException(in + ", line " + line + ": " + what, cause);
    }
}
