/** A JSON Schema as a grammar: how {@code Grammar.jsonSchema} is made. Not API. */
package io.rwkv.text.internal.schema;
