/**
 * The interfaces that a compute engine implements: weights in a form of its own, and the operations in which every RWKV
 * version is written. Applications do not need this package. Engines are found with {@link java.util.ServiceLoader}.
 */
package io.rwkv.core.engine;
