/**
 * The engine {@code simd}: runs models on the CPU with the JDK's Vector API, on Java 25. Applications do not use this package;
 * with {@code rwkv-simd} on the class path and the JVM's flags set, {@code Rwkv.open} finds the engine.
 */
package io.rwkv.simd;
