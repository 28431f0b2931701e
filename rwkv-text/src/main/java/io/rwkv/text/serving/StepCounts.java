package io.rwkv.text.serving;

/** What one step of a service did. For one thread. */
final class StepCounts {
    int sequences; // of which something was read
    int rows; // tokens read, of all of them
    int promptRows; // of prompts
    int generated; // tokens chosen

    void reset() {
        sequences = 0;
        rows = 0;
        promptRows = 0;
        generated = 0;
    }
}
