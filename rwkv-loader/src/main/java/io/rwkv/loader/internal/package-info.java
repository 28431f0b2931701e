/**
 * What finds this module from the core.
 */
package io.rwkv.loader.internal;
