/** A small model in a jar, to try the library with: {@link io.rwkv.demo.DemoModel}. */
package io.rwkv.demo;
