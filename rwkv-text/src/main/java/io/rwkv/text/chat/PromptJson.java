package io.rwkv.text.chat;

import io.rwkv.text.chat.ChatMessage.Role;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Prompts described in JSON, to compare with other runtimes. A conversation:
 *
 * <pre>{@code
 * {"messages": [{"role": "system|user|assistant|tool", "content": "…"}, …],
 *  "think": "none|think|fake|fake_newline|json",
 *  "hint": "none|normal|short|long",
 *  "tools": {"signatures": ["…", …]} or {"json": ["{…}", …]}}
 * }</pre>
 *
 * All but {@code messages} may be missing. Or one of {@link Prompts}: {@code {"kind": "fim", "prefix": "…", "suffix": "…"}},
 * {@code {"kind": "question", "text": "…", "question": "…"}},
 * {@code {"kind": "instruction", "instruction": "…", "input": "…"}}. The members {@code name} and {@code prompt} are passed over, so
 * that files of cases with their results can be used; any other is refused.
 */
public final class PromptJson {
    private PromptJson() {
    }

    /**
     * The exact prompt.
     *
     * @param template of a conversation; not used by the other kinds
     * @throws IllegalArgumentException if it is not such JSON, or not a prompt that the template has; the message says where
     */
    public static String prompt(PromptTemplate template, String json) {
        Members in = new Members("$", Json.parse(json));
        in.ignore("name", "prompt");
        String kind = in.stringOr("kind", "chat");
        String prompt = switch (kind) {
            case "chat" -> chat(template, in);
            case "fim" -> Prompts.fillInTheMiddle(in.string("prefix"), in.string("suffix"));
            case "question" -> Prompts.question(in.string("text"), in.string("question"));
            case "instruction" -> Prompts.instruction(in.string("instruction"), in.stringOr("input", ""));
            default -> throw Members.wrong("$.kind", "chat, fim, question or instruction", kind);
        };
        in.end();
        return prompt;
    }

    private static String chat(PromptTemplate template, Members in) {
        ChatPrompt.Builder builder = ChatPrompt.builder(template);
        List<?> messages = in.list("messages");
        for (int i = 0; i < messages.size(); i++) {
            Members message = new Members("$.messages[" + i + "]", messages.get(i));
            builder.message(ChatMessage.of(role(message), message.string("content")));
            message.end();
        }
        String think = in.stringOr("think", "none");
        builder.thinking(thinking(think, in.stringOr("hint", "none"))).callTool(think.equals("json"));
        if (in.has("tools")) {
            builder.tools(tools(new Members("$.tools", in.take("tools"))));
        }
        return builder.build().text();
    }

    private static Role role(Members message) {
        String role = message.string("role");
        for (Role each : Role.values()) {
            if (each.name().toLowerCase(Locale.ROOT).equals(role)) {
                return each;
            }
        }
        throw Members.wrong(message.path() + ".role", "system, user, assistant or tool", role);
    }

    private static Thinking thinking(String think, String hint) {
        boolean hinted = !hint.equals("none");
        if (hinted && !think.equals("think")) {
            throw Members.wrong("$.hint", "none beside \"think\": \"" + think + "\"", hint);
        }
        return switch (think) {
            case "none", "json" -> Thinking.NONE;
            case "fake" -> Thinking.SKIPPED;
            case "fake_newline" -> Thinking.SKIPPED_LINE;
            case "think" -> switch (hint) {
                case "none" -> Thinking.UNHINTED;
                case "short" -> Thinking.SHORT;
                case "normal" -> Thinking.NORMAL;
                case "long" -> Thinking.LONG;
                default -> throw Members.wrong("$.hint", "none, normal, short or long", hint);
            };
            default -> throw Members.wrong("$.think", "none, think, fake, fake_newline or json", think);
        };
    }

    private static List<Tool> tools(Members in) {
        boolean json = in.has("json");
        String name = json ? "json" : "signatures";
        List<String> lines = in.strings(name);
        in.end();
        return lines.stream().map(json ? Tool::json : Tool::signature).toList();
    }
}
