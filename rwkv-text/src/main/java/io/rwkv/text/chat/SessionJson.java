package io.rwkv.text.chat;

import io.rwkv.core.RwkvState;
import io.rwkv.text.chat.ChatMessage.Role;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A saved session without its states, as JSON and back. */
final class SessionJson {
    private final ChatBuilder builder; // of its own
    private final PromptTemplate template;
    private final boolean hasOrigin;
    private final int snapshots;
    private final List<ChatTurn> turns;

    private SessionJson(ChatBuilder builder, PromptTemplate template, boolean hasOrigin, int snapshots,
            List<ChatTurn> turns) {
        this.builder = builder;
        this.template = template;
        this.hasOrigin = hasOrigin;
        this.snapshots = snapshots;
        this.turns = turns;
    }

    /** What is saved. */
    static Map<String, Object> of(ChatSession session, boolean hasOrigin, int snapshots) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("model", session.model.fingerprint());
        out.put("template", template(session.template()));
        out.put("system", session.system());
        out.put("thinking", session.thinking().name());
        out.put("tools", session.tools().stream().map(Tool::line).toList());
        out.put("toolsAreJson", !session.tools().isEmpty() && session.tools().get(0).isJson());
        out.put("hasOrigin", hasOrigin);
        out.put("snapshots", snapshots);
        out.put("turns", session.turns().stream().map(SessionJson::turn).toList());
        return out;
    }

    private static Map<String, Object> template(PromptTemplate template) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("name", template.name());
        out.put("systemLabel", template.systemLabel());
        out.put("userLabel", template.userLabel());
        out.put("assistantLabel", template.assistantLabel());
        out.put("replyGap", template.replyGap());
        out.put("separator", template.separator());
        out.put("defaultSystem", template.defaultSystem());
        out.put("stopStrings", template.stopStrings());
        out.put("emptyLines", template.emptyLines());
        out.put("thinking", template.thinking());
        out.put("tools", template.tools());
        return out;
    }

    private static Map<String, Object> turn(ChatTurn turn) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("role", turn.message().role().name());
        out.put("text", turn.message().text());
        out.put("hint", turn.message().hint().name());
        out.put("thinking", turn.thinking().name());
        out.put("callTool", turn.callTool());
        out.put("reply", turn.reply().rest());
        out.put("begin", turn.reply().begin());
        out.put("complete", turn.reply().complete());
        out.put("promptTokens", Arrays.stream(turn.ownPromptTokens()).boxed().toList());
        out.put("replyTokens", Arrays.stream(turn.ownReplyTokens()).boxed().toList());
        return out;
    }

    /**
     * What was saved.
     *
     * @param from has model, tokenizer, options and service; stays as it is
     * @throws IllegalArgumentException if it is not what {@link #of} makes, or of another model or tokenizer
     */
    static SessionJson read(Members in, ChatBuilder from) {
        String model = in.string("model");
        if (!model.equals(from.model.fingerprint())) {
            throw Members.wrong("$.model", "a session of model " + from.model.fingerprint(), model);
        }
        PromptTemplate template = template(new Members("$.template", in.take("template")));
        ChatBuilder builder = from.sameModel().system(in.string("system"))
                .thinking(constant(Thinking.class, in, "thinking"));
        boolean json = in.flag("toolsAreJson");
        builder.tools(in.strings("tools").stream().map(json ? Tool::json : Tool::signature).toArray(Tool[]::new));
        boolean hasOrigin = in.flag("hasOrigin");
        int snapshots = in.integer("snapshots");
        builder.snapshots(snapshots);
        TurnEncoder encoder = builder.template(template).open().encoder();
        List<ChatTurn> turns = new ArrayList<>();
        List<?> saved = in.list("turns");
        for (int i = 0; i < saved.size(); i++) {
            turns.add(turn(new Members("$.turns[" + i + "]", saved.get(i)), i, encoder));
        }
        in.end();
        return new SessionJson(builder, template, hasOrigin, snapshots, List.copyOf(turns));
    }

    private static PromptTemplate template(Members in) {
        PromptTemplate template = PromptTemplate.builder(in.string("name")).systemLabel(in.string("systemLabel"))
                .userLabel(in.string("userLabel")).assistantLabel(in.string("assistantLabel"))
                .replyGap(in.string("replyGap")).separator(in.string("separator"))
                .defaultSystem(in.string("defaultSystem"))
                .stopStrings(in.strings("stopStrings").toArray(new String[0])).emptyLines(in.flag("emptyLines"))
                .thinking(in.flag("thinking")).tools(in.flag("tools")).build();
        in.end();
        return template;
    }

    private static ChatTurn turn(Members in, int number, TurnEncoder encoder) {
        ChatMessage message = ChatMessage.of(constant(Role.class, in, "role"), in.string("text"));
        Thinking hint = constant(Thinking.class, in, "hint");
        message = hint == Thinking.NONE ? message : message.hinted(hint);
        Thinking thinking = constant(Thinking.class, in, "thinking");
        boolean callTool = in.flag("callTool");
        ChatReply reply = new ChatReply(in.string("begin"), in.string("reply"), in.flag("complete"),
                encoder.toolNames(), null);
        ChatTurn turn = new ChatTurn(message, thinking, callTool, reply, in.integers("promptTokens"),
                in.integers("replyTokens"));
        in.end();
        encoder.check(turn, number, in.path());
        return turn;
    }

    private static <E extends Enum<E>> E constant(Class<E> type, Members in, String name) {
        String value = in.string(name);
        for (E each : type.getEnumConstants()) {
            if (each.name().equals(value)) {
                return each;
            }
        }
        throw Members.wrong(in.path() + "." + name, "one of " + Arrays.toString(type.getEnumConstants()), value);
    }

    List<ChatTurn> turns() {
        return turns;
    }

    /** Whether it began with another state than a new one. */
    boolean hasOrigin() {
        return hasOrigin;
    }

    /** The session, with its states. */
    ChatSession open(RwkvState origin, RwkvState state) {
        SessionMemory memory = builder.memory(origin, snapshots);
        memory.moved(state, turns.size());
        return new ChatSession(builder, template, turns, memory);
    }
}
