package io.rwkv.text.internal.schema;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/** The numbers that a schema admits: between bounds, and multiples of a number if there is one. Exact, of any size. Immutable. */
final class NumberRange {
    /** All numbers. */
    static final NumberRange ALL = new NumberRange(null, false, null, false, null);
    /** All integers. */
    static final NumberRange INTEGERS = ALL.and(multiplesOf(BigDecimal.ONE));

    /** Digits before the point that are written where no bound asks for more: all such integers are exact in a double. */
    static final int DIGITS = 15;
    /** Digits after the point that are written where no bound asks for more. */
    static final int DECIMALS = 10;
    /** Digits before the point that are ever written, and after it. */
    static final int MOST_DIGITS = 40;

    /** Null: no limit. */
    private final BigDecimal min;
    private final boolean aboveMin;
    /** Null: no limit. */
    private final BigDecimal max;
    private final boolean belowMax;
    /** Null: no condition. */
    private final BigDecimal multipleOf;

    private NumberRange(BigDecimal min, boolean aboveMin, BigDecimal max, boolean belowMax, BigDecimal multipleOf) {
        this.min = min;
        this.aboveMin = aboveMin;
        this.max = max;
        this.belowMax = belowMax;
        this.multipleOf = multipleOf;
    }

    static NumberRange atLeast(BigDecimal min, boolean exclusive) {
        return new NumberRange(min, exclusive, null, false, null);
    }

    static NumberRange atMost(BigDecimal max, boolean exclusive) {
        return new NumberRange(null, false, max, exclusive, null);
    }

    /** @param multipleOf greater than 0 */
    static NumberRange multiplesOf(BigDecimal multipleOf) {
        return new NumberRange(null, false, null, false, multipleOf);
    }

    NumberRange and(NumberRange other) {
        int low = min == null || other.min == null ? (min == null ? -1 : 1) : min.compareTo(other.min);
        int high = max == null || other.max == null ? (max == null ? 1 : -1) : max.compareTo(other.max);
        return new NumberRange(low >= 0 ? min : other.min,
                low == 0 ? aboveMin || other.aboveMin : low > 0 ? aboveMin : other.aboveMin,
                high <= 0 ? max : other.max,
                high == 0 ? belowMax || other.belowMax : high < 0 ? belowMax : other.belowMax,
                commonMultiple(multipleOf, other.multipleOf));
    }

    private static BigDecimal commonMultiple(BigDecimal a, BigDecimal b) {
        if (a == null || b == null) {
            return a == null ? b : a;
        }
        int scale = Math.max(0, Math.max(a.scale(), b.scale()));
        BigInteger x = a.setScale(scale).unscaledValue();
        BigInteger y = b.setScale(scale).unscaledValue();
        return new BigDecimal(x.divide(x.gcd(y)).multiply(y), scale);
    }

    private boolean hasBounds() {
        return min != null || max != null;
    }

    /** Whether neither has bounds, and they are the same. */
    boolean sameAs(NumberRange other) {
        return !hasBounds() && !other.hasBounds() && (multipleOf == null
                ? other.multipleOf == null
                : other.multipleOf != null && multipleOf.compareTo(other.multipleOf) == 0);
    }

    boolean admits(BigDecimal number) {
        int low = min == null ? 1 : number.compareTo(min);
        int high = max == null ? -1 : number.compareTo(max);
        return (low > 0 || (low == 0 && !aboveMin)) && (high < 0 || (high == 0 && !belowMax))
                && (multipleOf == null || number.remainder(multipleOf).signum() == 0);
    }

    boolean isEmpty() {
        if (min == null || max == null) {
            return false;
        }
        if (multipleOf == null) {
            int order = min.compareTo(max);
            return order > 0 || (order == 0 && (aboveMin || belowMax));
        }
        int decimals = Math.max(decimals(min), Math.max(decimals(max), decimals(multipleOf)));
        BigInteger unit = scaled(multipleOf, decimals, RoundingMode.UNNECESSARY);
        BigInteger low = scaled(min, decimals, RoundingMode.UNNECESSARY);
        BigInteger high = scaled(max, decimals, RoundingMode.UNNECESSARY);
        low = aboveMin ? low.add(BigInteger.ONE) : low;
        high = belowMax ? high.subtract(BigInteger.ONE) : high;
        BigInteger greatest = high.subtract(high.mod(unit)); // the greatest multiple up to high
        return greatest.compareTo(low) < 0;
    }

    /**
     * How these numbers are written: as decimals without an exponent, of at most {@link #DIGITS} and {@link #DECIMALS} digits if no
     * bound asks for more; without needless zeros in front, with or without zeros at the end.
     *
     * @throws TooLargeException if that takes too much, or if a number would need more than {@link #MOST_DIGITS} digits
     */
    Automaton automaton() {
        int decimals = writtenDecimals();
        int digits = Math.max(DIGITS, Math.max(digits(min), digits(max)));
        BigInteger limit = BigInteger.TEN.pow(Math.min(digits, MOST_DIGITS) + decimals).subtract(BigInteger.ONE);
        BigInteger low = limit.negate();
        BigInteger high = limit;
        if (min != null && digits(min) <= MOST_DIGITS) {
            low = scaled(min, decimals, RoundingMode.CEILING);
            low = aboveMin && new BigDecimal(low, decimals).compareTo(min) == 0 ? low.add(BigInteger.ONE) : low;
        } else if (min != null && min.signum() > 0) {
            throw new TooLargeException();
        }
        if (max != null && digits(max) <= MOST_DIGITS) {
            high = scaled(max, decimals, RoundingMode.FLOOR);
            high = belowMax && new BigDecimal(high, decimals).compareTo(max) == 0
                    ? high.subtract(BigInteger.ONE)
                    : high;
        } else if (max != null && max.signum() < 0) {
            throw new TooLargeException();
        }
        BigInteger unit = multipleOf == null
                ? BigInteger.ONE
                : scaled(multipleOf, decimals, RoundingMode.UNNECESSARY);
        return Automaton.of(new NumberMachine(low, high, decimals, unit));
    }

    /** So few that a double tells the numbers near a bound from the bound. */
    int writtenDecimals() {
        int decimals;
        if (multipleOf != null) {
            decimals = decimals(multipleOf);
        } else {
            int exact = DIGITS - Math.max(digits(min), digits(max));
            decimals = Math.max(Math.max(decimals(min), decimals(max)), Math.max(0, Math.min(DECIMALS, exact)));
        }
        if (decimals > MOST_DIGITS) {
            throw new TooLargeException();
        }
        return decimals;
    }

    /** Digits after the point. */
    private static int decimals(BigDecimal number) {
        return number == null ? 0 : Math.max(0, number.stripTrailingZeros().scale());
    }

    /** Digits before the point. */
    private static int digits(BigDecimal number) {
        return number == null ? 1 : Math.max(1, number.precision() - number.scale());
    }

    private static BigInteger scaled(BigDecimal number, int decimals, RoundingMode rounding) {
        return number.setScale(decimals, rounding).unscaledValue();
    }

    @Override
    public String toString() {
        return (min == null ? "" : (aboveMin ? "above " : "from ") + min + " ")
                + (max == null ? "" : (belowMax ? "below " : "up to ") + max + " ")
                + (multipleOf == null ? "" : "multiple of " + multipleOf);
    }
}
