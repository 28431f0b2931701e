package io.rwkv.text.serving;

import io.rwkv.core.internal.events.Events;

/** The time of one step of a service. Only {@link #start} leads to the event's class, which needs {@code jdk.jfr}. */
interface StepSpan {
    /** A step begins; null if nobody records that. */
    static StepSpan start() {
        return Events.arePresent() ? StepEvent.start() : null;
    }

    /** The step is over. */
    void finish(StepCounts counts, int running, int queued);
}
