/** What a generated text has to look like: {@link io.rwkv.text.grammar.Grammar}. */
package io.rwkv.text.grammar;
