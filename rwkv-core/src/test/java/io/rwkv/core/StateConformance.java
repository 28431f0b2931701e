package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.internal.model.Engines;
import io.rwkv.core.internal.model.LoadedModel;
import io.rwkv.core.internal.model.StateArrays;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** What becomes of states, whatever happens, in every version. An engine's test only has to name the engine. */
abstract class StateConformance {
    private static final int STEP = 7; // of all the operations, which ones fail
    private static final int[] TOKENS = new Random(7).ints(300, 0, 37).toArray(); // two stretches

    /** The engine under test. */
    abstract String engine();

    private static final class Injected extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** An engine whose operations fail when so many have been called. */
    private static final class Failing implements AutoCloseable {
        private final Engine engine;
        private int calls;
        private int last = Integer.MAX_VALUE;

        Failing(String name) {
            engine = Engines.create(name, EngineOptions.builder().threads(1).build());
        }

        Engine facade() {
            return (Engine) Proxy.newProxyInstance(Engine.class.getClassLoader(), new Class<?>[]{Engine.class},
                    (proxy, method, arguments) -> {
                        Object result = invoke(engine, method, arguments);
                        return result instanceof Ops ops ? facade(ops) : result;
                    });
        }

        private Ops facade(Ops ops) {
            return (Ops) Proxy.newProxyInstance(Ops.class.getClassLoader(), new Class<?>[]{Ops.class},
                    (proxy, method, arguments) -> {
                        Object result = invoke(ops, method, arguments); // and then fails: what it did has been done
                        if (++calls == last) {
                            throw new Injected();
                        }
                        return result;
                    });
        }

        private static Object invoke(Object on, java.lang.reflect.Method method, Object[] arguments)
                throws Throwable {
            try {
                return method.invoke(on, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    private static void assertSameBits(StateArrays expected, StateArrays actual, String what) {
        for (int layer = 0; layer < expected.layout().layers(); layer++) {
            for (int part = 0; part < expected.layout().parts().size(); part++) {
                assertArrayEquals(expected.array(layer, part), actual.array(layer, part),
                        what + ": " + layer + "." + part);
            }
        }
    }

    static void assertSameBits(RwkvState expected, RwkvState actual, String what) {
        assertEquals(expected.parts(), actual.parts());
        for (int layer = 0; layer < expected.layers(); layer++) {
            for (String part : expected.parts()) {
                assertArrayEquals(expected.read(layer, part), actual.read(layer, part),
                        what + ": " + layer + "." + part);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCallThatFailsAnywhereShouldLeaveTheStateAsItWas(RwkvVersion version) {
        Golden golden = Golden.of(version);
        try (Failing engine = new Failing(engine())) {
            LoadedModel model = new LoadedModel(golden.weights(), golden.config(), engine.facade(),
                    (done, total) -> {});
            StateArrays state = model.newState();
            model.run(new int[]{1, 2, 3}, state, Want.LAST_HIDDEN, (ops, values, row, count, token) -> {});
            StateArrays before = state.copy();
            engine.calls = 0;
            model.run(TOKENS, state.copy(), Want.ALL_LOGITS, (ops, values, row, count, token) -> {});
            int all = engine.calls;
            assertTrue(all > 50, "found " + all + " operations");
            for (int last = 1; last <= all; last += last + STEP <= all || last == all ? STEP : all - last) {
                engine.calls = 0;
                engine.last = last;
                assertThrows(Injected.class,
                        () -> model.run(TOKENS, state, Want.ALL_LOGITS, (ops, values, row, count, token) -> {}));
                assertSameBits(before, state, "operation " + last + " of " + all);
            }
            engine.last = Integer.MAX_VALUE;
            Injected own = new Injected();
            assertSame(own, assertThrows(Injected.class,
                    () -> model.run(TOKENS, state, Want.ALL_HIDDEN, (ops, values, row, count, token) -> {
                        if (token > 0) {
                            throw own;
                        }
                    })));
            assertSameBits(before, state, "sink");
            model.run(TOKENS, state, Want.LAST_HIDDEN, (ops, values, row, count, token) -> {});
            model.run(TOKENS, before, Want.LAST_HIDDEN, (ops, values, row, count, token) -> {});
            assertSameBits(before, state, "still usable");
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingOfOneStateShouldReachAnother(RwkvVersion version) {
        Golden golden = Golden.of(version);
        float[] expected;
        RwkvState expectedState;
        try (RwkvModel model = golden.model(engine())) {
            expectedState = model.newState();
            expected = model.logits(TOKENS, expectedState);
        }
        try (RwkvModel model = golden.model(engine())) {
            for (int n : new int[]{1, 2, 300}) {
                RwkvState damaged = model.newState();
                StateArrays arrays = damaged.enter();
                for (int layer = 0; layer < damaged.layers(); layer++) {
                    for (int part = 0; part < damaged.parts().size(); part++) {
                        Arrays.fill(arrays.array(layer, part), Float.NaN);
                    }
                }
                damaged.leave();
                // Its arrays become those that the next call writes.
                model.logits(Arrays.copyOf(TOKENS, n), damaged);
                RwkvState state = model.newState();
                assertArrayEquals(expected, model.logits(TOKENS, state));
                assertSameBits(expectedState, state, "after " + n);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void savedStatesShouldBeTheSameToTheBit(RwkvVersion version, @TempDir Path folder) throws IOException {
        Golden golden = Golden.of(version);
        try (RwkvModel model = golden.model(engine())) {
            for (int n : new int[]{0, 1, 300}) {
                RwkvState state = model.newState();
                if (n > 0) {
                    model.logits(Arrays.copyOf(TOKENS, n), state);
                }
                Path file = folder.resolve("state.safetensors");
                state.save(file);
                assertSameBits(state, model.loadState(file), "file");
                byte[] bytes = state.toBytes();
                assertSameBits(state, model.stateFrom(bytes), "bytes");
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                out.write('<');
                state.save(out);
                out.write('>');
                ByteArrayInputStream in = new ByteArrayInputStream(out.toByteArray());
                assertEquals('<', in.read());
                assertSameBits(state, model.loadState(in), "stream");
                assertEquals('>', in.read());
                assertEquals(-1, in.read());
                assertTrue(state.byteSize() < bytes.length && bytes.length < state.byteSize() + 4096,
                        state.byteSize() + " " + bytes.length);
            }
        }
    }
}
