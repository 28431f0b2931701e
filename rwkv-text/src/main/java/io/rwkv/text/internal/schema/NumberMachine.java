package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a decimal digit by digit, and knows how its digits so far compare with those of the least and the greatest number. Numbers
 * are held as integers: scaled by ten to the number of decimals. The number is divided by the unit as it is read.
 */
final class NumberMachine implements Automaton.Machine<NumberMachine.State> {
    /** The largest unit: each remainder is a state. */
    private static final int LARGEST_UNIT = 1000;
    private static final CodePoints MINUS = CodePoints.of('-');
    private static final CodePoints POINT = CodePoints.of('.');

    /**
     * @param sign 1 or -1; 0 at the start
     * @param digits before the point, as far as read; after the point no longer known
     * @param decimals after the point, as far as read; -1 before the point
     * @param low how the digits compare with the same digits of the least magnitude: -1 less, 1 greater
     * @param high the same for the greatest magnitude
     * @param remainder of the digits read, by the unit
     * @param zero whether the only digit before the point is a zero, after which no other may stand there
     */
    record State(int sign, int digits, int decimals, int low, int high, int remainder, boolean zero) {}

    /** The magnitudes of one sign. */
    private final class Side {
        /** No magnitudes, if above {@link #greatest}. */
        final BigInteger least;
        final BigInteger greatest;
        /** With all decimals, and at least one digit before the point. */
        final String leastDigits;
        final String greatestDigits;

        Side(BigInteger least, BigInteger greatest) {
            this.least = least;
            this.greatest = greatest;
            this.leastDigits = padded(least);
            this.greatestDigits = padded(greatest);
        }

        private String padded(BigInteger number) {
            String text = number.signum() < 0 ? "0" : number.toString();
            return "0".repeat(Math.max(0, decimals + 1 - text.length())) + text;
        }

        boolean isEmpty() {
            return least.compareTo(greatest) > 0;
        }

        int compareLow(int digits, int low) {
            return digits < leastDigits.length() - decimals ? -1 : low;
        }

        int compareHigh(int digits, int high) {
            return digits < greatestDigits.length() - decimals ? -1 : high;
        }
    }

    private final int decimals;
    private final int unit;
    private final Side positive;
    private final Side negative;

    NumberMachine(BigInteger low, BigInteger high, int decimals, BigInteger unit) {
        if (unit.bitLength() > 31 || unit.intValue() > LARGEST_UNIT) {
            throw new TooLargeException();
        }
        this.decimals = decimals;
        this.unit = unit.intValue();
        this.positive = new Side(low.max(BigInteger.ZERO), high);
        this.negative = new Side(high.negate().max(BigInteger.ONE), low.negate()); // no minus before zero
    }

    @Override
    public State start() {
        return new State(0, 0, -1, 0, 0, 0, false);
    }

    @Override
    public boolean accepts(State state) {
        if (state.digits == 0 && state.decimals <= 0) {
            return false; // no digit yet, or none after the point
        }
        Side side = side(state);
        int read = Math.max(0, state.decimals);
        int low = state.decimals < 0 ? side.compareLow(state.digits, state.low) : state.low;
        int high = state.decimals < 0 ? side.compareHigh(state.digits, state.high) : state.high;
        String rest = side.leastDigits.substring(side.leastDigits.length() - decimals + read);
        boolean enough = low > 0 || (low == 0 && rest.chars().allMatch(digit -> digit == '0'));
        long remainder = state.remainder;
        for (int i = read; i < decimals; i++) {
            remainder = remainder * 10 % unit;
        }
        return enough && high <= 0 && remainder == 0;
    }

    private Side side(State state) {
        return state.sign < 0 ? negative : positive;
    }

    @Override
    public List<Automaton.Step<State>> steps(State state) {
        List<Automaton.Step<State>> steps = new ArrayList<>();
        if (state.sign == 0 && !negative.isEmpty()) {
            steps.add(new Automaton.Step<>(MINUS, new State(-1, 0, -1, 0, 0, 0, false)));
        }
        if (side(state).isEmpty()) {
            return steps;
        }
        if (state.decimals >= 0) {
            for (int digit = 0; state.decimals < decimals && digit < 10; digit++) {
                add(steps, digit, decimal(state, digit));
            }
            return steps;
        }
        for (int digit = 0; !state.zero && digit < 10; digit++) {
            add(steps, digit, digit(state, digit));
        }
        if (state.digits > 0 && decimals > 0) {
            Side side = side(state);
            int low = side.compareLow(state.digits, state.low);
            int high = side.compareHigh(state.digits, state.high);
            if (low >= 0 && high <= 0) {
                steps.add(new Automaton.Step<>(POINT,
                        new State(state.sign, 0, 0, low, high, state.remainder, false)));
            }
        }
        return steps;
    }

    private static void add(List<Automaton.Step<State>> steps, int digit, State next) {
        if (next != null) {
            steps.add(new Automaton.Step<>(CodePoints.of('0' + digit), next));
        }
    }

    private State digit(State state, int digit) {
        Side side = side(state);
        int at = state.digits;
        int high = compare(state.high, digit, side.greatestDigits, at, side.greatestDigits.length() - decimals);
        int low = compare(state.low, digit, side.leastDigits, at, side.leastDigits.length() - decimals);
        if (at >= side.greatestDigits.length() - decimals) {
            return null;
        }
        return new State(state.sign == 0 ? 1 : state.sign, at + 1, -1, low, high,
                (state.remainder * 10 + digit) % unit, at == 0 && digit == 0);
    }

    private State decimal(State state, int digit) {
        Side side = side(state);
        int at = state.decimals;
        int low = compare(state.low, digit, side.leastDigits, side.leastDigits.length() - decimals + at,
                side.leastDigits.length());
        int high = compare(state.high, digit, side.greatestDigits, side.greatestDigits.length() - decimals + at,
                side.greatestDigits.length());
        return low < 0 || high > 0
                ? null
                : new State(state.sign, 0, at + 1, low, high, (state.remainder * 10 + digit) % unit, false);
    }

    /** How the digits compare after one more; with more digits than the other the number is greater. */
    private static int compare(int before, int digit, String other, int at, int end) {
        if (at >= end) {
            return 1;
        }
        return before != 0 ? before : Integer.compare(digit, other.charAt(at) - '0');
    }
}
