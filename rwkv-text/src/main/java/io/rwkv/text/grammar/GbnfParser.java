package io.rwkv.text.grammar;

import io.rwkv.text.grammar.Expression.Choice;
import io.rwkv.text.grammar.Expression.Reference;
import io.rwkv.text.grammar.Expression.Repeat;
import io.rwkv.text.grammar.Expression.Sequence;
import io.rwkv.text.internal.CodePoints;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads a grammar in the GBNF notation. For one text and one thread. */
final class GbnfParser {
    static final String ROOT = "root";
    /** Of characters in a grammar's text. */
    static final int LONGEST_TEXT = 4 << 20;
    /** Of parentheses within parentheses. */
    private static final int DEEPEST = 200;
    /** Of postfix operators on one item. */
    private static final int MOST_OPERATORS = 4;

    private final GbnfCharacters in;
    private final Map<String, Integer> numbers = new LinkedHashMap<>();
    private final List<Expression> bodies = new ArrayList<>(); // [rule], null until it is defined
    private final List<Integer> places = new ArrayList<>(); // [rule]: where it is defined, until then where it is first used
    private int depth;

    private GbnfParser(String text) {
        in = new GbnfCharacters(text);
    }

    /** @throws GrammarException if the text is not GBNF, or if a rule is missing */
    static Rules parse(String text) {
        if (text.length() > LONGEST_TEXT) {
            throw GrammarException.at(text, LONGEST_TEXT, "expected at most " + LONGEST_TEXT + " characters, found "
                    + text.length());
        }
        return new GbnfParser(text).rules();
    }

    private Rules rules() {
        in.skipBlanks(true);
        while (!in.atEnd()) {
            rule();
            in.skipBlanks(true);
        }
        numbers.forEach((name, number) -> {
            if (bodies.get(number) == null) {
                throw in.wrong(places.get(number), "rule " + name + " is not defined");
            }
        });
        Integer root = numbers.get(ROOT);
        if (root == null) {
            throw in.wrong(in.index(), "expected a rule " + ROOT + ", found none");
        }
        return new Rules(in.text(), List.copyOf(numbers.keySet()), List.copyOf(bodies), List.copyOf(places), root);
    }

    private int number(String name, int place) {
        Integer known = numbers.putIfAbsent(name, numbers.size());
        if (known == null) {
            bodies.add(null);
            places.add(place);
            return numbers.size() - 1;
        }
        return known;
    }

    private void rule() {
        int place = in.index();
        String name = in.name("a rule's name");
        int number = number(name, place);
        if (bodies.get(number) != null) {
            throw in.wrong(place, "rule " + name + " is defined twice");
        }
        places.set(number, place);
        in.skipBlanks(false);
        in.expect("::=");
        in.skipBlanks(true);
        if (in.ruleBegins()) { // a body that was forgotten would otherwise swallow the next rule's name
            throw in.wrong(in.index(), "expected what rule " + name + " stands for, found another rule");
        }
        bodies.set(number, choice(false));
        if (!in.atEnd() && !in.atLineEnd()) {
            throw in.unexpected("the end of the rule");
        }
    }

    private Expression choice(boolean nested) {
        List<Expression> branches = new ArrayList<>();
        branches.add(sequence(nested));
        while (in.continuesWith('|', nested)) {
            in.skipBlanks(true);
            branches.add(sequence(nested));
        }
        return branches.size() == 1 ? branches.get(0) : new Choice(List.copyOf(branches));
    }

    private Expression sequence(boolean nested) {
        List<Expression> parts = new ArrayList<>();
        while (!in.atEnd() && !in.ruleBegins()) {
            Expression item = item();
            if (item == null) {
                break;
            }
            parts.add(repeated(item));
            in.skipBlanks(nested);
        }
        return parts.size() == 1 ? parts.get(0) : parts.isEmpty() ? Expression.EMPTY : new Sequence(List.copyOf(parts));
    }

    /** Reads a literal, a class, a reference, or what stands in parentheses; null if there is none of them. */
    private Expression item() {
        int c = in.peek();
        if (c == '"') {
            return in.literal();
        }
        if (c == '[') {
            return in.characterClass();
        }
        if (c == '.') {
            in.next();
            return new Expression.OneOf(CodePoints.ANY);
        }
        if (c == '(') {
            return group();
        }
        if (GbnfCharacters.isName(c)) {
            int place = in.index();
            return new Reference(number(in.name("a rule's name"), place));
        }
        if (c == '*' || c == '+' || c == '?' || c == '{') {
            throw in.wrong(in.index(), "expected something to repeat before " + Character.toString(c));
        }
        if (c == '<' || c == '!') {
            throw in.wrong(in.index(), "tokens in grammars (<…>, !<…>) are not supported; write text");
        }
        return null;
    }

    private Expression group() {
        int place = in.index();
        if (++depth > DEEPEST) {
            throw in.wrong(place, "expected at most " + DEEPEST + " parentheses within each other");
        }
        in.next();
        in.skipBlanks(true);
        Expression inner = choice(true);
        if (in.peek() != ')') {
            throw in.unexpected("a closing parenthesis for that of " + in.where(place));
        }
        in.next();
        depth--;
        return inner;
    }

    private Expression repeated(Expression item) {
        Expression whole = item;
        for (int operators = 0;; operators++) {
            int place = in.index();
            int c = in.atEnd() ? 0 : in.peek();
            if (c != '*' && c != '+' && c != '?' && c != '{') {
                return whole;
            }
            if (operators == MOST_OPERATORS) {
                throw in.wrong(place, "expected at most " + MOST_OPERATORS + " repetitions of one thing");
            }
            if (c == '{') {
                whole = counted(whole);
            } else {
                in.next();
                whole = new Repeat(whole, c == '+' ? 1 : 0, c == '?' ? 1 : Expression.UNBOUNDED, place);
            }
        }
    }

    private Expression counted(Expression item) {
        int place = in.index();
        in.next();
        in.skipBlanks(false);
        int least = in.number();
        in.skipBlanks(false);
        int most = least;
        if (in.peek() == ',') {
            in.next();
            in.skipBlanks(false);
            most = in.peek() == '}' ? Expression.UNBOUNDED : in.number();
            in.skipBlanks(false);
        }
        if (in.peek() != '}') {
            throw in.unexpected("}");
        }
        in.next();
        if (most != Expression.UNBOUNDED && most < least) {
            throw in.wrong(place, "expected the smaller number first, found {" + least + "," + most + "}");
        }
        return new Repeat(item, least, most, place);
    }
}
