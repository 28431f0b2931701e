package io.rwkv.simd;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.api.condition.EnabledIf;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Tests that the build runs once for every width of vectors, and that skip widths which the processor does not have. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@EnabledIf(value = "io.rwkv.simd.AtUsableWidth$Width#usable", disabledReason = "no vectors of this width here")
public @interface AtUsableWidth {
    /** The width asked for. */
    final class Width {
        private Width() {
        }

        static boolean usable() {
            return Integer.getInteger("rwkv.simd.bits", 128) <= FloatVector.SPECIES_PREFERRED.vectorBitSize();
        }
    }
}
