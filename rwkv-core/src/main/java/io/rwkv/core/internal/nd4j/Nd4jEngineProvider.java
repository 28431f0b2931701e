package io.rwkv.core.internal.nd4j;

import io.rwkv.core.Precision;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;

import java.util.Optional;

/** Offers the ND4J engine wherever the application brings an ND4J backend. */
public final class Nd4jEngineProvider implements EngineProvider {
    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Optional<String> obstacle() {
        return Nd4jBridge.obstacle();
    }

    @Override
    public Engine create(EngineOptions options) {
        if (options.precision() != Precision.AS_STORED && options.precision() != Precision.F32) {
            throw new IllegalArgumentException(
                    "precision: the engine nd4j holds weights as F32 only, found " + options.precision());
        }
        return new Nd4jEngine();
    }
}
