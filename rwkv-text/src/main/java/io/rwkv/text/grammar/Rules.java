package io.rwkv.text.grammar;

import java.util.List;

/**
 * A grammar as it was written. Rules have numbers; all that are referred to are there. Immutable.
 *
 * @param text the grammar's text, for messages
 * @param names [rule]
 * @param bodies [rule]
 * @param places [rule], where in the text it begins
 * @param root the number of the rule that a text has to follow
 */
record Rules(String text, List<String> names, List<Expression> bodies, List<Integer> places, int root) {
    int count() {
        return bodies.size();
    }

    GrammarException wrong(int place, String problem) {
        return GrammarException.at(text, place, problem);
    }

    GrammarException wrongRule(int rule, String problem) {
        return wrong(places.get(rule), "rule " + names.get(rule) + ": " + problem);
    }
}
