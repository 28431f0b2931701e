package io.rwkv.simd;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;

import java.util.Optional;

/**
 * Offers the SIMD engine on Java 25 and later. This class alone is compiled for Java 17, so that on an older JVM it can say
 * what is missing.
 */
public final class SimdEngineProvider implements EngineProvider {
    private static final int RELEASE = 25;
    private static final int PROBED = 16;
    /** For so many: instructions take half a microsecond, even interpreted, and Java code 600. The rest is for slow clocks. */
    private static final long PROBE_NANOS = 40_000;

    @Override
    public String name() {
        return "simd";
    }

    @Override
    public int priority() {
        return 10;
    }

    @Override
    public Optional<String> obstacle() {
        int release = Runtime.version().feature();
        if (release < RELEASE) {
            return Optional.of("needs Java " + RELEASE + " or later, found " + release);
        }
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return Optional.of("needs the JVM options --add-modules jdk.incubator.vector " + nativeAccess());
        }
        return slowness().or(() -> Unobstructed.obstacle(nativeAccess()));
    }

    private static String nativeAccess() {
        Module module = SimdEngineProvider.class.getModule();
        return "--enable-native-access=" + (module.isNamed() ? module.getName() : "ALL-UNNAMED");
    }

    /** What would make this engine many times slower than ND4J's, since each vector would be an object. */
    private static Optional<String> slowness() {
        String vm = System.getProperty("java.vm.info", "");
        if (vm.contains("interpreted mode") || vm.contains("emulated-client")) {
            return Optional
                    .of("needs the JVM's optimising compiler, which -Xint or -XX:TieredStopAtLevel=1 turns off here");
        }
        return fusesMultiplyAdd()
                ? Optional.empty()
                : Optional.of(
                        "needs fused multiply-add, which this processor lacks or a JVM option (as -XX:UseAVX=0) turns"
                                + " off");
    }

    /**
     * Whether it is an instruction, told by its time, at best of some tries. The JVM tells only through management classes,
     * which take longer to load than all of this; a processor that has it, has vectors as the kernels need them.
     */
    private static boolean fusesMultiplyAdd() {
        long best = Long.MAX_VALUE;
        float x = 1;
        for (int i = 0; i < 4; i++) {
            long start = System.nanoTime();
            for (int j = 0; j < PROBED; j++) {
                x = Math.fma(x, 0.5f, 0.3f);
            }
            best = Math.min(best, System.nanoTime() - start);
        }
        return x > 0 && best < PROBE_NANOS;
    }

    @Override
    public Engine create(EngineOptions options) {
        return Unobstructed.create(options);
    }

    /** Loaded only where its classes can be. */
    private static final class Unobstructed {
        static Optional<String> obstacle(String option) {
            if (!SimdEngine.nativeAccess()) {
                return Optional.of("needs the JVM option " + option);
            }
            return Optional.ofNullable(Lanes.OBSTACLE);
        }

        static Engine create(EngineOptions options) {
            return new SimdEngine(options);
        }
    }
}
