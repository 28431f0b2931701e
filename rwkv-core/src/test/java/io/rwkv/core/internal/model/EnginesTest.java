package io.rwkv.core.internal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;
import io.rwkv.core.internal.nd4j.Nd4jEngineProvider;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Optional;

class EnginesTest {
    private static final EngineOptions OPTIONS = EngineOptions.builder().threads(1).build();

    /** An engine of higher priority than ND4J's, one of whose methods fails. */
    private static final class Failing implements EngineProvider {
        private final String method;
        private final Throwable failure;

        Failing(String method, Throwable failure) {
            this.method = method;
            this.failure = failure;
        }

        private void failIn(String here) {
            if (here.equals(method)) {
                if (failure instanceof Error e) {
                    throw e;
                }
                throw (RuntimeException) failure;
            }
        }

        @Override
        public String name() {
            failIn("name");
            return "failing";
        }

        @Override
        public int priority() {
            failIn("priority");
            return 5;
        }

        @Override
        public Optional<String> obstacle() {
            failIn("obstacle");
            return Optional.empty();
        }

        @Override
        public Engine create(EngineOptions options) {
            failIn("create");
            throw new AssertionError("not reached");
        }
    }

    private static String chosen(String name, EngineProvider first) {
        try (Engine engine = Engines.create(name, OPTIONS, List.of(first, new Nd4jEngineProvider()))) {
            return engine.name();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"name", "priority", "obstacle", "create"})
    void anEngineWhoseClassesAreMissingShouldLeaveItToTheNext(String method) {
        assertEquals("nd4j", chosen("auto", new Failing(method, new NoClassDefFoundError("io/gone/Away"))));
        assertEquals("nd4j", chosen("auto", new Failing(method, new UnsupportedClassVersionError("too new"))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"name", "priority", "obstacle"})
    void anEngineThatFailsWhenAskedShouldLeaveItToTheNext(String method) {
        assertEquals("nd4j", chosen("auto", new Failing(method, new IllegalStateException("no driver"))));
    }

    @Test
    void whatTheOptionsAskForInVainShouldBeSaid() {
        RuntimeException refusal = new IllegalArgumentException("precision: not this one");
        assertEquals(refusal,
                assertThrows(RuntimeException.class, () -> chosen("auto", new Failing("create", refusal))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"obstacle", "create"})
    void anEngineAskedForByNameShouldNotBeReplaced(String method) {
        Failing failing = new Failing(method, new NoClassDefFoundError("io/gone/Away"));
        String message = assertThrows(IllegalStateException.class, () -> chosen("failing", failing)).getMessage();
        assertTrue(message.contains("failing: ") && message.contains("io/gone/Away"), message);
    }
}
