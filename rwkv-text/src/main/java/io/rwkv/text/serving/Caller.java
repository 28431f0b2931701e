package io.rwkv.text.serving;

/** One who submits requests, as long as there are some. Guarded by the scheduler's lock, but for the turn. */
final class Caller {
    final String name;
    int requests; // waiting or running
    int running;
    long startTurn; // when a request was last started; 0 for never
    long promptTurn; // when a piece of a prompt was last read; for the scheduler's thread

    Caller(String name) {
        this.name = name;
    }
}
