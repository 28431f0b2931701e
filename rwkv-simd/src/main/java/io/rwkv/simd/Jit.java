package io.rwkv.simd;

import com.sun.management.HotSpotDiagnosticMXBean;

import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Whether this JVM makes instructions of vectors, as HotSpot's optimising compiler C2 does. Where each vector is an object, the
 * engine works, but is many times slower than ND4J's.
 *
 * @param machine the system property {@code java.vm.name}
 * @param version the system property {@code java.vm.version}
 * @param info the system property {@code java.vm.info}
 * @param release of Java
 * @param flags the value of a JVM option by its name, or null if the JVM does not have it or does not tell
 */
record Jit(String machine, String version, String info, int release, UnaryOperator<String> flags) {
    /** The last release that the engine is tested with. */
    static final int TESTED = 25;

    private static final String FORCE = "rwkv.simd.force";
    private static final String WITH_FORCE = "; the JVM option -D" + FORCE + "=true takes it all the same";
    private static final int C2 = 4; // as a level of compilation

    /** For so many: instructions take half a microsecond, even interpreted, and Java code 600. The rest is for slow clocks. */
    private static final long PROBE_NANOS = 40_000;
    private static final int PROBED = 16;

    /** What there is about this JVM, asked once: management classes take 15 ms to load. */
    private static final class Here {
        static final Optional<String> OBSTACLE = new Jit(System.getProperty("java.vm.name", ""),
                System.getProperty("java.vm.version", ""), System.getProperty("java.vm.info", ""),
                Runtime.version().feature(), flagsHere()).obstacle();

        private Here() {
        }
    }

    /** What makes the engine slow in this JVM, or may do so; empty if nothing does, or the user wants it even so. */
    static Optional<String> obstacleHere() {
        return Boolean.getBoolean(FORCE) ? Optional.empty() : Here.OBSTACLE;
    }

    Optional<String> obstacle() {
        if (release > TESTED) {
            return Optional.of("is tested up to Java " + TESTED + ", found " + release + WITH_FORCE);
        }
        if (!machine.matches("(OpenJDK|Java HotSpot\\(TM\\)) .*Server VM")) {
            return Optional.of("is measured with HotSpot's server JVM, found " + machine + WITH_FORCE);
        }
        if (is("UseJVMCICompiler", true, version.contains("jvmci"))) {
            return Optional
                    .of("is measured with HotSpot's own compiler, found one that replaces it, such as Graal's, which"
                            + " the JVM option -XX:-UseJVMCICompiler turns off" + WITH_FORCE);
        }
        if (!compiles()) {
            return Optional
                    .of("needs the JVM's optimising compiler, which a JVM option turns off here, such as -Xint or"
                            + " -XX:TieredStopAtLevel" + WITH_FORCE);
        }
        if (is("EnableVectorSupport", false, false)) {
            return Optional.of("needs the JVM's support of vectors, which -XX:-EnableVectorSupport turns off here"
                    + WITH_FORCE);
        }
        String fma = flags.apply("UseFMA");
        if (fma == null ? !fusesMultiplyAdd() : !Boolean.parseBoolean(fma)) {
            return Optional.of("needs fused multiply-add, which this processor lacks or a JVM option (as -XX:UseAVX=0)"
                    + " turns off" + WITH_FORCE);
        }
        return Optional.empty();
    }

    private boolean compiles() {
        if (info.contains("interpreted mode") || info.contains("emulated-client") || is("UseCompiler", false, false)) {
            return false;
        }
        String last = flags.apply("TieredStopAtLevel");
        // Without levels there is but C2, and the option of no effect.
        return last == null || Integer.parseInt(last) >= C2 || is("TieredCompilation", false, false);
    }

    private boolean is(String flag, boolean value, boolean otherwise) {
        String found = flags.apply(flag);
        return found == null ? otherwise : Boolean.parseBoolean(found) == value;
    }

    private static UnaryOperator<String> flagsHere() {
        try {
            return Told.flags();
        } catch (LinkageError | RuntimeException e) {
            return flag -> null; // a runtime without the module jdk.management
        }
    }

    /** Loaded only where its classes can be. */
    private static final class Told {
        private Told() {
        }

        static UnaryOperator<String> flags() {
            HotSpotDiagnosticMXBean bean = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            return flag -> {
                try {
                    return bean.getVMOption(flag).getValue();
                } catch (RuntimeException e) {
                    return null; // it has no such option, or tells only when experimental ones are unlocked
                }
            };
        }
    }

    /** Whether it is an instruction, told by its time, at best of some tries, where the JVM does not tell. */
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
}
