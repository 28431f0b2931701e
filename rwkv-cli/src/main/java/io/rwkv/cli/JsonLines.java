package io.rwkv.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;

import io.rwkv.core.internal.AtomicFiles;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file of JSON lines made from another, line by line. */
final class JsonLines {
    /** Numbers that are none, such as -Infinity, as Python writes them; two values of one name are an error. */
    private static final ObjectMapper JSON = JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    /** Makes a line of another. */
    interface Step {
        /** @throws IllegalArgumentException if the line is not as expected; the message does not name the line */
        Object apply(JsonNode line);
    }

    private JsonLines() {
    }

    /** Writes the second file, whole or not at all; an error names the line. */
    static void convert(Path in, Path out, String what, Step step) throws IOException {
        if (Files.isDirectory(in)) {
            throw new IOException(in + ": expected a file of JSON lines, found a folder");
        }
        WhenTerminated.interrupt(() -> AtomicFiles.write(out, channel -> {
            long size = Files.isRegularFile(in) ? Files.size(in) : Progress.UNKNOWN; // a pipe, say
            try (Progress progress = Progress.bytes(what);
                    CountingInput bytes = new CountingInput(Files.newInputStream(in));
                    BufferedReader lines = new BufferedReader(
                            new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder()))) {
                Writer to = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
                int number = 0;
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    number++;
                    to.write(convert(in, number, line, step));
                    to.write('\n');
                    progress.report(bytes.count(), size);
                }
                to.flush();
            } catch (CharacterCodingException e) {
                throw new IOException(in + ": expected UTF-8, found other bytes", e);
            }
        }));
    }

    private static String convert(Path in, int number, String line, Step step) throws IOException {
        String where = in + ", line " + number + ": ";
        try (JsonParser parser = JSON.createParser(line)) {
            JsonNode node = JSON.readTree(parser);
            if (node == null || !node.isObject() || parser.nextToken() != null) {
                throw new IOException(where + "expected one JSON object");
            }
            return JSON.writeValueAsString(step.apply(node));
        } catch (JsonProcessingException e) {
            throw new IOException(where + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IOException(where + e.getMessage(), e);
        }
    }
}
