package io.rwkv.core.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

@Name("io.rwkv.Forward")
@Label("Forward")
@Description("A model read tokens of one or more sequences in one call")
@Category("RWKV")
@StackTrace(false)
final class ForwardEvent extends Event implements ForwardSpan {
    private static final ForwardEvent ANY = new ForwardEvent(); // the JVM tells by an object whether its class is recorded

    @Label("Sequences")
    private int sequences;

    @Label("Tokens")
    @Description("Tokens read, of all sequences together")
    private long tokens;

    @Label("Head Rows")
    @Description("Tokens after which logits or log-probabilities were computed")
    private long headRows;

    @Label("Decode")
    @Description("Whether each sequence read one token, as in generation; if not, prompts were read")
    private boolean decode;

    @Label("Completed")
    @Description("Whether the call succeeded; if not, no state has moved")
    private boolean completed;

    static ForwardSpan start() {
        if (!ANY.isEnabled()) {
            return null;
        }
        ForwardEvent event = new ForwardEvent();
        event.begin();
        return event;
    }

    @Override
    public void finish(int callSequences, long callTokens, long callHeadRows, boolean callCompleted) {
        end();
        if (shouldCommit()) {
            sequences = callSequences;
            tokens = callTokens;
            headRows = callHeadRows;
            decode = callTokens == callSequences;
            completed = callCompleted;
            commit();
        }
    }
}
