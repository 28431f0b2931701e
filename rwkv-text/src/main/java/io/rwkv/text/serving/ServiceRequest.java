package io.rwkv.text.serving;

import io.rwkv.text.generation.Generation;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * A request for a {@link GenerationService}, and how it stands beside others. Immutable: the methods that change something return a
 * new one. Safe for any number of threads.
 *
 * <pre>{@code
 * service.submit(ServiceRequest.of(request).priority(2).deadline(Duration.ofSeconds(5)).caller("alice"), piece -> …);
 * }</pre>
 */
public final class ServiceRequest {
    private final Generation.Request request;
    private final int priority;
    private final Duration deadline; // null for the service's
    private final String caller;

    private ServiceRequest(Generation.Request request, int priority, Duration deadline, String caller) {
        this.request = request;
        this.priority = priority;
        this.deadline = deadline;
        this.caller = caller;
    }

    /** A request with priority 0, the service's deadline, and the caller that all requests have who name none. */
    public static ServiceRequest of(Generation.Request request) {
        return new ServiceRequest(Objects.requireNonNull(request, "request"), 0, null, "");
    }

    /**
     * A request with this priority. Of the requests that wait, one with the highest priority starts first; of the prompts that
     * are being read, one with the highest priority is read first. So requests of a lower priority may wait for as long as there
     * are others. A running text is not slowed down by others' priority.
     *
     * @param value any number; by default 0
     */
    public ServiceRequest priority(int value) {
        return new ServiceRequest(request, value, deadline, caller);
    }

    /**
     * A request that ends at the latest when this much time has passed since its submission, with
     * {@link Generation.Reason#DEADLINE} and the text that it has then. A deadline is looked at between two steps.
     *
     * @throws IllegalArgumentException if it is not more than 0
     */
    public ServiceRequest deadline(Duration value) {
        return new ServiceRequest(request, priority, ServiceOptions.positive(value), caller);
    }

    /**
     * A request of this caller. Callers take turns, within a priority: the one with the fewest running requests starts the next
     * one, and each reads a piece of a prompt in turn. So one with many requests does not keep others waiting.
     *
     * @param value any name; equal names are the same caller
     */
    public ServiceRequest caller(String value) {
        return new ServiceRequest(request, priority, deadline, Objects.requireNonNull(value, "caller"));
    }

    /** What to generate. */
    public Generation.Request request() {
        return request;
    }

    /** The higher, the sooner it starts. */
    public int priority() {
        return priority;
    }

    /** Its own deadline. */
    public Optional<Duration> deadline() {
        return Optional.ofNullable(deadline);
    }

    /** Who asks. */
    public String caller() {
        return caller;
    }
}
