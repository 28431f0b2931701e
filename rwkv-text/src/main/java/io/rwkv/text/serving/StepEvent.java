package io.rwkv.text.serving;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

@Name("io.rwkv.ServiceStep")
@Label("Service Step")
@Description("A service took all running requests on by one step")
@Category("RWKV")
@StackTrace(false)
final class StepEvent extends Event implements StepSpan {
    private static final StepEvent ANY = new StepEvent(); // the JVM tells by an object whether its class is recorded

    @Label("Sequences")
    @Description("Requests of which tokens were read")
    private int sequences;

    @Label("Rows")
    @Description("Tokens read, of all requests together")
    private int rows;

    @Label("Prompt Rows")
    @Description("Tokens of prompts among them")
    private int promptRows;

    @Label("Generated")
    @Description("Tokens chosen")
    private int generated;

    @Label("Running")
    @Description("Requests under way, paused ones included")
    private int running;

    @Label("Queued")
    @Description("Requests that wait to start")
    private int queued;

    static StepSpan start() {
        if (!ANY.isEnabled()) {
            return null;
        }
        StepEvent event = new StepEvent();
        event.begin();
        return event;
    }

    @Override
    public void finish(StepCounts counts, int nowRunning, int nowQueued) {
        end();
        if (shouldCommit()) {
            sequences = counts.sequences;
            rows = counts.rows;
            promptRows = counts.promptRows;
            generated = counts.generated;
            running = nowRunning;
            queued = nowQueued;
            commit();
        }
    }
}
