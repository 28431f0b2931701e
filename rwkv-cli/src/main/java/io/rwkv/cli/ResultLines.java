package io.rwkv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Prints the results of a list of texts, a line of JSON for each, as they come. One that failed has a line that says why, so that
 * the others are not lost. For one thread.
 */
final class ResultLines {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TextsFile file;
    private final Progress progress;
    private final String textName; // null for none
    private int failed;
    private String firstFailure;
    private int incomplete;
    private String firstIncomplete;

    /** @param textName under which name each line has its text; null if none has */
    ResultLines(TextsFile file, Progress progress, String textName) {
        this.file = file;
        this.progress = progress;
        this.textName = textName;
    }

    /** Prints what a text came to. */
    void print(TextsFile.Text text, Map<String, ?> result) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("index", text.index());
        if (textName != null) {
            line.put(textName, text.text());
        }
        line.putAll(result);
        progress.clear(); // lest the line stand behind it, where both go to one terminal
        System.out.println(JSON.writeValueAsString(line));
    }

    /** Prints that a text came to nothing. */
    void print(TextsFile.Text text, Throwable failure) throws IOException {
        String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        if (failed++ == 0) {
            firstFailure = file.place(text.index()) + ": " + message;
        }
        print(text, Map.of("error", message));
    }

    /** Notes that a text, which is printed, ended before it was complete. */
    void incomplete(TextsFile.Text text, String why) {
        if (incomplete++ == 0) {
            firstIncomplete = file.place(text.index()) + ": " + why;
        }
    }

    /** @throws IOException if a text failed, or ended before it was complete */
    void end() throws IOException {
        List<String> problems = new ArrayList<>();
        if (failed > 0) {
            problems.add(failed + " of " + file.texts().size() + " texts failed; the first: " + firstFailure);
        }
        if (incomplete > 0) {
            problems.add(incomplete + " of " + file.texts().size()
                    + " texts ended before they were complete; the first: " + firstIncomplete);
        }
        if (!problems.isEmpty()) {
            throw new IOException(String.join("; ", problems));
        }
    }
}
