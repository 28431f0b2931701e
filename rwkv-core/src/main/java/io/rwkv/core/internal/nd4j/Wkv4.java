package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.StatePart;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Max;
import org.nd4j.linalg.factory.Nd4j;

/**
 * RWKV-4's weighted mean over T tokens. A stretch of tokens is a triple (p, a, b) per channel: numerator {@code a·e^p} and
 * denominator {@code b·e^p}, with p large enough that nothing overflows. One token is (k, v, 1), the carried state is
 * (pp, aa, bb), and two neighbouring stretches combine into one, the earlier decayed by {@code w} per token of the later.
 * Combining is associative, so all prefixes come from a scan in log₂ T steps over whole matrices, not from T steps.
 */
final class Wkv4 {
    private final ScratchArrays scratch;
    private final int tokens;
    private final int channels;

    private final Nd4jActivations earlierScale;
    private final Nd4jActivations laterScale;
    private final Nd4jActivations product;

    /** Takes scratch arrays, which the caller releases. */
    Wkv4(ScratchArrays scratch, int tokens, int channels) {
        this.scratch = scratch;
        this.tokens = tokens;
        this.channels = channels;
        this.earlierScale = scratch.take(tokens + 1, channels);
        this.laterScale = scratch.take(tokens + 1, channels);
        this.product = scratch.take(tokens + 1, channels);
    }

    /** A stretch of tokens for each row: [rows, channels] each; b is null for single tokens, where it is 1. */
    private record Stretch(INDArray p, INDArray a, INDArray b) {}

    /**
     * @param run whose channels these are
     * @param k [T, C]
     * @param v [T, C]
     * @param decay [1, C]
     * @param bonus [1, C]
     * @param out [T, C]
     */
    void apply(SequenceRun run, INDArray k, INDArray v, INDArray decay, INDArray bonus, StatePart aa, StatePart bb,
            StatePart pp,
            INDArray out) {
        // Row t is all that comes before token t; the last row is what this call leaves behind.
        Nd4jActivations p = startingWith(run, pp);
        Nd4jActivations a = startingWith(run, aa);
        Nd4jActivations b = startingWith(run, bb);
        p.rows(1, tokens + 1).assign(k);
        a.rows(1, tokens + 1).assign(v);
        b.rows(1, tokens + 1).assign(1);
        scan(p, a, b, decay);

        // out = prefix combined with this token, whose weight is e^(u+k): numerator over denominator.
        INDArray own = take(tokens);
        k.addi(bonus, own);
        INDArray denominator = take(tokens);
        INDArray unusedMaximum = take(tokens);
        combine(new Stretch(p.rows(0, tokens), a.rows(0, tokens), b.rows(0, tokens)), new Stretch(own, v, null),
                new Stretch(unusedMaximum, out, denominator));
        out.divi(denominator);

        run.readAfter(pp, p.array, tokens * channels);
        run.readAfter(aa, a.array, tokens * channels);
        run.readAfter(bb, b.array, tokens * channels);
    }

    private INDArray take(int rows) {
        return scratch.take(rows, channels).array;
    }

    /** [T + 1, C], of which row 0 is set. */
    private Nd4jActivations startingWith(SequenceRun run, StatePart part) {
        Nd4jActivations rows = scratch.take(tokens + 1, channels);
        run.writeBefore(part, rows.array);
        return rows;
    }

    /** Inclusive scan over all rows (Hillis and Steele 1986): after the step with distance d, a row covers 2d rows. */
    private void scan(Nd4jActivations p, Nd4jActivations a, Nd4jActivations b, INDArray decay) {
        int rows = tokens + 1;
        Nd4jActivations decayedP = scratch.take(rows, channels);
        Nd4jActivations newP = scratch.take(rows, channels);
        Nd4jActivations newA = scratch.take(rows, channels);
        Nd4jActivations newB = scratch.take(rows, channels);
        INDArray decayOverDistance = take(1);
        for (int d = 1; d < rows; d *= 2) {
            int n = rows - d;
            decay.muli(d, decayOverDistance);
            INDArray earlierP = decayedP.rows(0, n);
            p.rows(0, n).addi(decayOverDistance, earlierP);
            Stretch earlier = new Stretch(earlierP, a.rows(0, n), b.rows(0, n));
            Stretch later = new Stretch(p.rows(d, rows), a.rows(d, rows), b.rows(d, rows));
            Stretch both = new Stretch(newP.rows(0, n), newA.rows(0, n), newB.rows(0, n));
            combine(earlier, later, both);
            later.p.assign(both.p);
            later.a.assign(both.a);
            later.b.assign(both.b);
        }
    }

    /** For each row, {@code out = earlier ⊕ later}; the earlier has been decayed already. {@code out} is other memory. */
    private void combine(Stretch earlier, Stretch later, Stretch out) {
        int rows = (int) out.p.size(0);
        Nd4j.getExecutioner().exec(new Max(earlier.p, later.p, out.p));
        INDArray scaleEarlier = exponentialOfDifference(earlier.p, out.p, earlierScale.rows(0, rows));
        INDArray scaleLater = exponentialOfDifference(later.p, out.p, laterScale.rows(0, rows));
        INDArray scaled = product.rows(0, rows);

        earlier.a.muli(scaleEarlier, out.a);
        later.a.muli(scaleLater, scaled);
        out.a.addi(scaled);

        earlier.b.muli(scaleEarlier, out.b);
        if (later.b == null) {
            out.b.addi(scaleLater);
        } else {
            later.b.muli(scaleLater, scaled);
            out.b.addi(scaled);
        }
    }

    private static INDArray exponentialOfDifference(INDArray p, INDArray maximum, INDArray out) {
        p.subi(maximum, out);
        Nd4j.getExecutioner().exec(new Exp(out, out));
        return out;
    }
}
