package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The simd engine where ND4J is missing, or is only there for the results, in JVMs of their own. */
@DisabledIfSystemProperty(named = "rwkv.simd.bits", matches = ".+", disabledReason = "once is enough: of no matter for widths")
class SimdJvmTest {
    private static ChildJvm jvm() {
        return new ChildJvm().with("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED");
    }

    private static void assertDone(ChildJvm.Outcome outcome) {
        assertEquals(0, outcome.exit(), outcome.output());
        assertTrue(outcome.output().contains("done"), outcome.output());
    }

    @Test
    void aModelFarLargerThanTheHeapShouldBeReadIntoNd4jArrays() {
        assertDone(jvm().with("-Xmx48m").run(SmallHeap.class, "simd"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "platform"})
    void theContextClassLoaderShouldNotMatterToNd4jArrays(String loader) {
        assertDone(jvm().with("-Xmx512m").run(AnyContext.class, loader, "simd"));
    }

    @Test
    void aLimitThatCanNoLongerBeLiftedShouldBeNamedInsteadOfMet() {
        ChildJvm.Outcome outcome = jvm().with("-Xmx48m").run(SmallHeap.class, "simd", "early");
        assertEquals(1, outcome.exit(), outcome.output());
        assertTrue(outcome.output().contains("logits\n"), outcome.output());
        assertTrue(outcome.output().contains("IllegalStateException: ND4J arrays: JavaCPP's limit of memory"),
                outcome.output());
    }

    @Test
    void nothingOfNd4jShouldBeNeededForJavaArrays() {
        ChildJvm.Outcome outcome = jvm().without(ChildJvm::isNd4j).run(WithoutNd4j.class, "not on the class path",
                "org.nd4j:nd4j-native");
        assertDone(outcome);
        assertTrue(outcome.output().contains("engine simd"), outcome.output());
    }

    @Test
    void withoutABackendNothingShouldBeComputedForNd4jArrays() {
        assertDone(jvm().without(ChildJvm::isBackend).run(WithoutNd4j.class, "no ND4J backend",
                "org.nd4j:nd4j-native"));
    }

    @Test
    void forgottenModelsShouldLeaveNoMemoryAndNoThreads() {
        ChildJvm.Outcome outcome = jvm().with("-Xmx64m").run(ForgottenModels.class, "simd");
        assertEquals(0, outcome.exit(), outcome.output());
        assertTrue(outcome.output().contains("threads 0"), outcome.output());
        Matcher megabytes = Pattern.compile("megabytes (\\d+)").matcher(outcome.output());
        assertTrue(megabytes.find(), outcome.output());
        assertTrue(Integer.parseInt(megabytes.group(1)) < 600, outcome.output()); // of 1200 in all
    }
}
