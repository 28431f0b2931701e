/**
 * Events for JDK Flight Recorder. The module {@code jdk.jfr} need not be there: of its types only the classes that extend
 * {@code Event} know, and only {@link io.rwkv.core.internal.events.Events} leads to them.
 */
package io.rwkv.core.internal.events;
