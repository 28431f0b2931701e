/**
 * Conversations: prompt templates, sessions with one state each, thinking, and tools. Begin with
 * {@link io.rwkv.text.chat.ChatSession}.
 */
package io.rwkv.text.chat;
