/**
 * What a compute engine supplies: arrays and the dozen operations that every RWKV version is written in. Applications
 * do not need this package; it is for engines, which are found with {@link java.util.ServiceLoader}.
 */
package io.rwkv.core.engine;
