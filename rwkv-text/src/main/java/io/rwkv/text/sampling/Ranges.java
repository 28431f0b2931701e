package io.rwkv.text.sampling;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** The ranges of all options of sampling. A value out of its range is an IllegalArgumentException that names the option. */
final class Ranges {
    private Ranges() {
    }

    static double temperature(double value) {
        if (value == 0 || value >= 1e-100 && value <= 1e6) {
            return value;
        }
        throw wrong("temperature", "0, or 1e-100 to 1000000", value);
    }

    static int topK(int value) {
        return whole("topK", value, 0, Integer.MAX_VALUE);
    }

    static double topP(double value) {
        return number("topP", value, 0, 1);
    }

    static double minP(double value) {
        return number("minP", value, 0, 1);
    }

    static double typicalP(double value) {
        if (value > 0 && value <= 1) {
            return value;
        }
        throw wrong("typicalP", "more than 0, at most 1", value);
    }

    static double tau(double value) {
        return number("mirostat tau", value, 0, 100);
    }

    static double eta(double value) {
        return number("mirostat eta", value, 0, 1);
    }

    static double mu(double value) {
        return number("mirostat mu", value, -1000, 1000);
    }

    static double presence(double value) {
        return number("presencePenalty", value, -100, 100);
    }

    static double frequency(double value) {
        return number("frequencyPenalty", value, -100, 100);
    }

    static double decay(double value) {
        return number("penaltyDecay", value, 0, 1);
    }

    static double repetition(double value) {
        return number("repetitionPenalty", value, 0.01, 100);
    }

    static int window(int value) {
        return whole("repetitionWindow", value, 1, 1_000_000);
    }

    static Map<Integer, Double> occurrences(Map<Integer, Double> values) {
        return byToken("occurrences", values, 0, 1e6);
    }

    static Map<Integer, Double> bias(Map<Integer, Double> values) {
        return byToken("logitBias", values, -1e6, 1e6);
    }

    /** As a bias of −∞. */
    static Map<Integer, Double> banned(Collection<Integer> tokens) {
        Map<Integer, Double> bias = new TreeMap<>();
        for (int token : new TreeSet<>(tokens)) {
            bias.put(whole("bannedTokens", token, 0, Integer.MAX_VALUE), Double.NEGATIVE_INFINITY);
        }
        return bias;
    }

    private static Map<Integer, Double> byToken(String name, Map<Integer, Double> values, double least, double most) {
        Map<Integer, Double> copy = new TreeMap<>(values);
        copy.forEach((token, value) -> {
            whole(name + ", token", token, 0, Integer.MAX_VALUE);
            number(name + " of token " + token, value, least, most);
        });
        return copy;
    }

    private static double number(String name, double value, double least, double most) {
        if (value >= least && value <= most) {
            return value;
        }
        throw wrong(name, plain(least) + " to " + plain(most), value);
    }

    private static int whole(String name, int value, int least, int most) {
        if (value >= least && value <= most) {
            return value;
        }
        throw wrong(name, most == Integer.MAX_VALUE ? least + " or more" : least + " to " + most, value);
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    private static IllegalArgumentException wrong(String name, String expected, Number found) {
        return new IllegalArgumentException(name + ": expected " + expected + ", found " + found);
    }
}
