package io.rwkv.text.internal.schema;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What one value has to satisfy: some schemas at once, all by their own keywords, and one branch of each open choice. References and
 * {@code allOf} are resolved. Two equal goals admit the same values. Immutable.
 *
 * @param plain schemas with keywords of their own
 * @param open choices
 * @param impossible the path of a schema {@code false} among them, or null
 */
record Goal(List<SchemaNode> plain, List<Choice> open, String impossible) {
    /** A value has to satisfy one of the schemas under {@code anyOf} or {@code oneOf}. */
    record Choice(SchemaNode node, String keyword) {
        List<SchemaNode> branches() {
            List<SchemaNode> branches = new ArrayList<>();
            SchemaNode list = node.child(keyword);
            for (int i = 0; i < Keywords.list(node, keyword).size(); i++) {
                branches.add(list.child(i));
            }
            return branches;
        }
    }

    /** Makes goals of the schemas of one document. */
    static final class Maker {
        private static final int LONGEST_CHAIN = 200;
        /** Schemas that one value has to satisfy. */
        private static final int MOST = 500;

        private final SchemaDocument document;

        Maker(SchemaDocument document) {
            this.document = document;
        }

        /** All of the schemas at once. */
        Goal all(List<SchemaNode> nodes) {
            Collected collected = new Collected(new ArrayList<>(), new ArrayList<>());
            nodes.forEach(node -> collected.add(node, new ArrayList<>()));
            return collected.goal(null);
        }

        /** The goal with a branch of its first open choice. */
        Goal with(Goal goal, SchemaNode branch) {
            Collected collected = new Collected(new ArrayList<>(goal.plain),
                    new ArrayList<>(goal.open.subList(1, goal.open.size())));
            collected.add(branch, new ArrayList<>());
            return collected.goal(goal.impossible);
        }

        private final class Collected {
            private final List<SchemaNode> plain;
            private final List<Choice> open;
            private final Set<SchemaNode> done = new HashSet<>();
            private String impossible;

            Collected(List<SchemaNode> plain, List<Choice> open) {
                this.plain = plain;
                this.open = open;
            }

            /** @param chain the schemas that led here */
            void add(SchemaNode node, List<SchemaNode> chain) {
                Keywords.check(node, document.isOlder());
                if (node.json().isBoolean()) {
                    if (!node.json().asBoolean()) {
                        impossible = node.path();
                    }
                    return;
                }
                if (done.contains(node)) {
                    return;
                }
                if (chain.contains(node)) {
                    throw new SchemaException(node.path(), "refers to itself, without a property or an item between");
                }
                if (chain.size() == LONGEST_CHAIN) {
                    throw new SchemaException(node.path(), "a chain of more than " + LONGEST_CHAIN + " references");
                }
                if (Keywords.hasConstraint(node) && !plain.contains(node)) {
                    plain.add(node);
                    if (plain.size() > MOST) {
                        throw new SchemaException(node.path(), "more than " + MOST + " schemas for one value");
                    }
                }
                chain.add(node);
                if (node.has("$ref")) {
                    add(JsonPath.resolve(document.root().json(), Keywords.string(node, "$ref"), node), chain);
                }
                if (node.has("allOf")) {
                    new Choice(node, "allOf").branches().forEach(part -> add(part, chain));
                }
                for (String keyword : List.of("anyOf", "oneOf")) {
                    Choice choice = new Choice(node, keyword);
                    if (node.has(keyword) && !open.contains(choice)) {
                        open.add(choice);
                    }
                }
                chain.remove(chain.size() - 1);
                done.add(node);
            }

            Goal goal(String before) {
                return new Goal(List.copyOf(plain), List.copyOf(open), before != null ? before : impossible);
            }
        }
    }

    /** Whether what is wrong with it is wrong with one schema, not with the way in which several are combined. */
    boolean isDirect() {
        return plain.size() == 1;
    }

    /** A place in the document to name it by. */
    String path() {
        return !plain.isEmpty() ? plain.get(0).path() : !open.isEmpty() ? open.get(0).node().path() : "#";
    }
}
