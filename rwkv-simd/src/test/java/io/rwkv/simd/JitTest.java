package io.rwkv.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.engine.EngineProvider;
import io.rwkv.simd.internal.kernel.Elementwise;
import io.rwkv.simd.internal.memory.Lanes;
import io.rwkv.simd.internal.memory.NativeMemory;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Optional;

/** JVMs that make instructions of vectors, and JVMs that do not. */
@DisabledIfSystemProperty(named = "rwkv.simd.bits", matches = ".+", disabledReason = "the same for all widths")
class JitTest {
    private static final String HOTSPOT = "OpenJDK 64-Bit Server VM";
    private static final Map<String, String> FLAGS = Map.of("UseCompiler", "true", "TieredStopAtLevel", "4",
            "TieredCompilation", "true", "UseFMA", "true");

    @ParameterizedTest
    @ValueSource(strings = {"-Xint", "-XX:TieredStopAtLevel=0", "-XX:TieredStopAtLevel=1", "-XX:TieredStopAtLevel=2",
            "-XX:TieredStopAtLevel=3", "-XX:-UseCompiler", "-XX:CompilationMode=quick-only",
            "-XX:CompileThresholdScaling=0"})
    void jvmsWithoutTheOptimisingCompilerShouldBeRefusedUnlessForced(String option) throws Exception {
        String said = OwnJvm.report(option);
        assertTrue(said.startsWith("needs the JVM's optimising compiler"), said);
        assertTrue(said.contains("-Drwkv.simd.force=true"), said);
        said = OwnJvm.report(option, "-Drwkv.simd.force=true");
        assertTrue(said.startsWith("none, "), said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-Xmixed", "-Xcomp", "-XX:TieredStopAtLevel=4", "-XX:-TieredCompilation",
            "-XX:-TieredCompilation -XX:TieredStopAtLevel=1", "-XX:CompilationMode=high-only",
            "-XX:+UnlockExperimentalVMOptions -XX:+EnableJVMCI", "--limit-modules=jdk.incubator.vector"})
    void jvmsWithItShouldBeTaken(String options) throws Exception {
        String said = OwnJvm.report(options.split(" "));
        assertTrue(said.startsWith("none, "), said);
    }

    @ParameterizedTest
    @CsvSource({"-XX:-UseFMA,needs fused multiply-add",
            "-XX:+UnlockExperimentalVMOptions -XX:-EnableVectorSupport,needs the JVM's support of vectors",
            "--limit-modules=jdk.incubator.vector -Xint,needs the JVM's optimising compiler",
            "--limit-modules=jdk.incubator.vector -XX:TieredStopAtLevel=1,needs the JVM's optimising compiler",
            "--limit-modules=jdk.incubator.vector -XX:-UseFMA,needs fused multiply-add"})
    void otherThingsThatMakeVectorsSlowShouldBeRefused(String options, String reason) throws Exception {
        String said = OwnJvm.report(options.split(" "));
        assertTrue(said.startsWith(reason), said);
    }

    private static String obstacle(String machine, String version, int release, Map<String, String> flags) {
        return new Jit(machine, version, "mixed mode, sharing", release, flags::get).obstacle().orElse("none");
    }

    @Test
    void thisJvmsOptionsShouldBeTaken() {
        assertEquals("none", obstacle(HOTSPOT, "25.0.3+9-LTS", 25, FLAGS));
        assertEquals("none", obstacle("Java HotSpot(TM) 64-Bit Server VM", "25.0.1+8-LTS-27", 25, FLAGS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Eclipse OpenJ9 VM", "OpenJDK 64-Bit Client VM", "OpenJDK 64-Bit Zero VM",
            "Substrate VM", "Zing 64-Bit Tiered VM", ""})
    void otherMachinesShouldBeRefused(String machine) {
        String said = obstacle(machine, "25", 25, FLAGS);
        assertTrue(said.startsWith("is measured with HotSpot's server JVM, found " + machine + ";"), said);
    }

    @Test
    void otherCompilersShouldBeRefused() {
        String reason = "is measured with HotSpot's own compiler";
        Map<String, String> graal = Map.of("UseJVMCICompiler", "true", "UseCompiler", "true", "UseFMA", "true");
        assertTrue(obstacle(HOTSPOT, "25+37-jvmci-b01", 25, graal).startsWith(reason));
        // Where the JVM does not tell, its version does.
        assertTrue(obstacle(HOTSPOT, "25+37-jvmci-b01", 25, FLAGS).startsWith(reason));
        Map<String, String> off = Map.of("UseJVMCICompiler", "false", "UseCompiler", "true", "UseFMA", "true");
        assertEquals("none", obstacle(HOTSPOT, "25+37-jvmci-b01", 25, off));
    }

    @Test
    void newerReleasesShouldBeRefused() {
        String said = obstacle(HOTSPOT, "26+35", Jit.TESTED + 1, FLAGS);
        assertTrue(said.startsWith("is tested up to Java 25, found 26; the JVM option -Drwkv.simd.force=true"), said);
        assertTrue(Runtime.version().feature() <= Jit.TESTED, "raise Jit.TESTED after the tests pass with this JDK");
    }

    /** Loads the engine's classes anew, without one of them. */
    private static final class Without extends ClassLoader {
        private final String missing;

        Without(String missing) {
            super(JitTest.class.getClassLoader());
            this.missing = missing;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("io.rwkv.simd.")) {
                return super.loadClass(name, resolve);
            }
            if (name.equals(missing)) {
                throw new ClassNotFoundException(name);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    @Test
    void whatCannotBeLinkedShouldBeAnObstacle() throws Exception {
        for (Class<?> missing : new Class<?>[]{Lanes.class, Jit.class, NativeMemory.class, Elementwise.class,
                SimdEngine.class}) {
            Optional<String> said = provider(new Without(missing.getName())).obstacle();
            assertTrue(said.orElse("none").startsWith("does not start in this JVM: "), missing + ": " + said);
        }
        assertEquals(Optional.empty(), provider(new Without("nothing")).obstacle());
    }

    private static EngineProvider provider(ClassLoader loader) throws ReflectiveOperationException {
        return (EngineProvider) loader.loadClass(SimdEngineProvider.class.getName()).getConstructor().newInstance();
    }
}
