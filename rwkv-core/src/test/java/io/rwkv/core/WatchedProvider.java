package io.rwkv.core;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;
import io.rwkv.core.internal.nd4j.Nd4jEngineProvider;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** ND4J's engine, which counts how often it was closed. */
public final class WatchedProvider implements EngineProvider {
    static final String NAME = "watched";
    static final AtomicInteger CLOSED = new AtomicInteger();

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int priority() {
        return -1;
    }

    @Override
    public Optional<String> obstacle() {
        return Optional.empty();
    }

    @Override
    public Engine create(EngineOptions options) {
        Engine engine = new Nd4jEngineProvider().create(options);
        return (Engine) Proxy.newProxyInstance(WatchedProvider.class.getClassLoader(), new Class<?>[]{Engine.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        CLOSED.incrementAndGet();
                    }
                    try {
                        return method.invoke(engine, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
