package io.rwkv.text.grammar;

/**
 * A grammar's states in bounded memory: once they take too much, all are forgotten and made anew as texts need them. Safe for any
 * number of threads.
 */
final class Automaton {
    private final Network network;
    private final long mostBytes;
    private volatile StateCache cache;

    /** @param mostBytes about how much memory to use; a single step may go beyond */
    Automaton(Network network, long mostBytes) {
        this.network = network;
        this.mostBytes = mostBytes;
        this.cache = new StateCache(network);
    }

    ParserState start() {
        return cache.start();
    }

    /** The same state in the cache that is in use now. To be called now and then, by all who keep a state. */
    ParserState current(ParserState state) {
        if (cache.bytes() > mostBytes) {
            synchronized (this) {
                if (cache.bytes() > mostBytes) {
                    cache = new StateCache(network);
                }
            }
        }
        return cache.adopt(state);
    }

    /** The class of a byte from 0 to 255. */
    int classOf(int b) {
        return network.classOf[b];
    }

    /** Where a text that had led to this state leads with these bytes more. */
    ParserState step(ParserState state, byte[] bytes, int from, int to) {
        ParserState at = state;
        for (int i = from; i < to && !at.dead; i++) {
            at = at.step(network.classOf[bytes[i] & 0xFF]);
        }
        return at;
    }
}
