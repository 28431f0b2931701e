package io.rwkv.simd.internal.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.simd.AtUsableWidth;
import io.rwkv.simd.OwnJvm;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/** Widths of vectors, asked for in JVMs of their own. */
@AtUsableWidth
class LanesTest {
    @Test
    void testsShouldUseTheWidthAskedFor() {
        int preferred = Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize());
        assertEquals(Integer.getInteger("rwkv.simd.bits", preferred), Lanes.BITS);
        assertEquals(Lanes.BITS / 32, Lanes.FLOATS.length());
    }

    @Test
    void narrowerVectorsMayBeAskedFor() throws IOException, InterruptedException {
        assertEquals("none, 128 bits", OwnJvm.report("-Drwkv.simd.bits=128"));
    }

    @Test
    void widerVectorsThanTheProcessorHasShouldBeRefused() throws IOException, InterruptedException {
        // The JVM is told to believe that the processor has 128 bits.
        String said = OwnJvm.report("-XX:MaxVectorSize=16", "-Drwkv.simd.bits=512");
        assertTrue(said.startsWith("rwkv.simd.bits: expected at most the processor's 128, found 512"), said);
        assertEquals("none, 128 bits", OwnJvm.report("-XX:MaxVectorSize=16"));
    }

    @Test
    void otherWidthsShouldBeRefused() throws IOException, InterruptedException {
        for (int bits : new int[]{0, -1, 64, 100, 192, 1024}) {
            String said = OwnJvm.report("-Drwkv.simd.bits=" + bits);
            assertTrue(said.startsWith("rwkv.simd.bits: expected 128, 256 or 512, found " + bits), said);
        }
    }
}
