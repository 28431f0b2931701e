package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Nonlinearity;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinear;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Log;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Sigmoid;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Tanh;
import org.nd4j.linalg.factory.Nd4j;

/** The nonlinearities in ND4J calls. */
final class Functions {
    /** e^−½ to the precision that RWKV-7's training code writes it with. */
    private static final double DECAY7_SCALE = -0.606531;

    private Functions() {
    }

    /** @param out may be {@code x}, except for SILU */
    static void apply(Nonlinearity f, INDArray x, INDArray out) {
        switch (f) {
            case IDENTITY -> {
                if (x != out) {
                    out.assign(x);
                }
            }
            case TANH -> run(new Tanh(x, out));
            case SIGMOID -> run(new Sigmoid(x, out));
            case SILU -> {
                run(new Sigmoid(x, out));
                out.muli(x);
            }
            case SQUARED_RELU -> {
                run(new RectifiedLinear(x, out, 0.0));
                out.muli(out);
            }
            case MINUS_EXP -> {
                run(new Exp(x, out));
                out.negi();
            }
            case DECAY7 -> {
                run(new Sigmoid(x, out));
                out.muli(DECAY7_SCALE);
            }
        }
    }

    /** {@code e^x} in place. */
    static void exp(INDArray x) {
        run(new Exp(x, x));
    }

    /** The natural logarithm in place. */
    static void log(INDArray x) {
        run(new Log(x, x));
    }

    private static void run(Op op) {
        Nd4j.getExecutioner().exec(op);
    }
}
