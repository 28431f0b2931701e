package io.rwkv.loader.internal.pytorch;

import static io.rwkv.loader.internal.pytorch.PickleOpcode.*;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.loader.internal.pytorch.Pickled.Dict;
import io.rwkv.loader.internal.pytorch.Pickled.Global;
import io.rwkv.loader.internal.pytorch.Pickled.Plain;
import io.rwkv.loader.internal.pytorch.Pickled.PyList;
import io.rwkv.loader.internal.pytorch.Pickled.Storage;
import io.rwkv.loader.internal.pytorch.Pickled.Tuple;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Python's pickle machine, cut down to what {@code torch.save} writes for a dictionary of tensors. It builds the values of
 * {@link Pickled} and nothing else: names outside {@link Global} and instructions outside {@link PickleOpcode}'s constants
 * are refused, so no file can have anything executed. Memory and time are bounded by the limits below.
 *
 * <p>For one pickle and one thread.
 */
public final class Unpickler {
    /** About forty thousand tensors' worth; it also bounds the number of values a pickle can make. */
    static final int MAX_INSTRUCTIONS = 1 << 20;
    /** CPython writes dictionaries in batches of a thousand pairs. */
    static final int MAX_STACK = 1 << 16;
    static final int MAX_MEMO = 1 << 20;
    /** Sixteen bytes hold every integer that PyTorch writes: the longest, its magic number, has ten. */
    private static final int MAX_INTEGER = 16;

    private final PickleInput in;
    private final List<Object> stack = new ArrayList<>();
    /** Stack sizes at the MARK instructions still open; values below the innermost cannot be taken. */
    private int[] marks = new int[8];
    private int openMarks;
    private Object[] memo = new Object[256];
    private int memoized;
    private long at; // offset in the file of the instruction under way

    private final Consumer<Storage> storages;

    private Unpickler(PickleInput in, Consumer<Storage> storages) {
        this.in = in;
        this.storages = storages;
    }

    /** Reads one pickle and leaves the input after its end. */
    static Object load(PickleInput in) {
        return load(in, storage -> {});
    }

    /** @param storages hears of each storage that the pickle names, be it part of the result or of attributes left out */
    static Object load(PickleInput in, Consumer<Storage> storages) {
        return new Unpickler(in, storages).run();
    }

    private Object run() {
        at = in.offset();
        int first = in.u8();
        int protocol = in.u8();
        if (first != PROTO || protocol < 2 || protocol > 5) {
            throw fault(String.format("expected a pickle of protocol 2 to 5 (bytes 80 02 to 80 05), found %02x %02x",
                    first, protocol));
        }
        for (int i = 0; i < MAX_INSTRUCTIONS; i++) {
            at = in.offset();
            int opcode = in.u8();
            if (opcode == STOP) {
                Object result = pop();
                if (!stack.isEmpty()) {
                    throw fault("expected one value at the end of the pickle, found " + (stack.size() + 1));
                }
                return result;
            }
            execute(opcode);
        }
        throw fault("expected a pickle of at most " + MAX_INSTRUCTIONS + " instructions, found a longer one");
    }

    private void execute(int opcode) {
        switch (opcode) {
            // The length is that of instructions to come, which are checked one by one.
            case FRAME -> in.need(in.s64());
            case MARK -> mark();
            case NONE -> push(Plain.NONE);
            case NEWTRUE -> push(true);
            case NEWFALSE -> push(false);
            case BININT -> push((long) in.s32());
            case BININT1 -> push((long) in.u8());
            case BININT2 -> push((long) in.u16());
            case LONG1 -> push(integer(in.u8()));
            case LONG4 -> push(integer(in.u32()));
            case BINFLOAT -> push(in.f64());
            case SHORT_BINUNICODE -> push(in.utf8(in.u8()));
            case BINUNICODE -> push(in.utf8(in.u32()));
            case BINUNICODE8 -> push(in.utf8(in.s64()));
            case SHORT_BINBYTES -> bytes(in.u8());
            case BINBYTES -> bytes(in.u32());
            case BINBYTES8 -> bytes(in.s64());
            case EMPTY_TUPLE -> push(new Tuple(List.of()));
            case TUPLE1 -> tuple(1);
            case TUPLE2 -> tuple(2);
            case TUPLE3 -> tuple(3);
            case TUPLE -> push(new Tuple(popToMark()));
            case EMPTY_LIST -> push(new PyList());
            case APPEND -> append(List.of(pop()));
            case APPENDS -> append(popToMark());
            case EMPTY_DICT -> push(new Dict());
            case SETITEM -> setItems(pop(2));
            case SETITEMS -> setItems(popToMark());
            case BINGET -> push(recall(in.u8()));
            case LONG_BINGET -> push(recall(in.u32()));
            case BINPUT -> memoize(in.u8());
            case LONG_BINPUT -> memoize(in.u32());
            case MEMOIZE -> memoize(memoized);
            case GLOBAL -> push(global(in.line(), in.line()));
            case STACK_GLOBAL -> {
                List<Object> name = pop(2);
                push(global(name.get(0), name.get(1)));
            }
            case REDUCE -> reduce();
            case BUILD -> build();
            case BINPERSID -> {
                Storage storage = PyTorchObjects.storage(pop(), this::fault);
                storages.accept(storage);
                push(storage);
            }
            default -> throw fault(String.format("expected an instruction that torch.save writes, found %s (%02x)",
                    PickleOpcode.refusedName(opcode), opcode));
        }
    }

    private Object integer(long length) {
        if (length > MAX_INTEGER) {
            throw fault("expected an integer of at most " + MAX_INTEGER + " bytes, found one of " + length);
        }
        if (length == 0) {
            return 0L;
        }
        BigInteger value = new BigInteger(in.bigEndian((int) length));
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private void bytes(long length) {
        in.skip(length);
        push(Plain.BYTES);
    }

    private void tuple(int length) {
        push(new Tuple(pop(length)));
    }

    private void append(List<Object> values) {
        if (!(peek() instanceof PyList list)) {
            throw fault("expected a list to append to, found " + Pickled.kind(peek()));
        }
        list.items.addAll(values);
    }

    private void setItems(List<Object> values) {
        if (!(peek() instanceof Dict dict)) {
            throw fault("expected a dictionary to set items of, found " + Pickled.kind(peek()));
        }
        if (values.size() % 2 != 0) {
            throw fault("expected pairs of key and value, found " + values.size() + " values");
        }
        for (int i = 0; i < values.size(); i += 2) {
            Object key = values.get(i);
            if (!(key instanceof String || key instanceof Long)) {
                throw fault("expected a string or an integer as key, found " + Pickled.kind(key));
            }
            if (!dict.put(key, values.get(i + 1))) {
                throw fault("expected distinct keys, found \"" + key + "\" twice");
            }
        }
    }

    private Global global(Object module, Object name) {
        if (module instanceof String m && name instanceof String n) {
            Global global = Global.find(m, n);
            if (global == null) {
                throw fault("expected only names that a dictionary of tensors needs, found " + m + "." + n
                        + ", which is refused (save the model's state_dict, with tensors and nothing else)");
            }
            return global;
        }
        throw fault("expected a name's two strings, found " + Pickled.kind(module) + " and " + Pickled.kind(name));
    }

    private void reduce() {
        List<Object> call = pop(2);
        if (call.get(0) instanceof Global function && call.get(1) instanceof Tuple arguments) {
            push(PyTorchObjects.call(function, arguments.items, this::fault));
            return;
        }
        throw fault("expected a function and its arguments, found " + Pickled.kind(call.get(0)) + " and "
                + Pickled.kind(call.get(1)));
    }

    /** Sets attributes: a state_dict is an OrderedDict with the attribute _metadata, which holds nothing of use here. */
    private void build() {
        Object attributes = pop();
        if (!(attributes instanceof Dict && peek() instanceof Dict)) {
            throw fault("expected attributes of an OrderedDict, found " + Pickled.kind(attributes) + " for "
                    + Pickled.kind(peek()));
        }
    }

    private void mark() {
        checkRoom();
        if (openMarks == marks.length) {
            marks = Arrays.copyOf(marks, 2 * openMarks);
        }
        marks[openMarks++] = stack.size();
    }

    private void push(Object value) {
        checkRoom();
        stack.add(value);
    }

    private void checkRoom() {
        if (stack.size() + openMarks >= MAX_STACK) {
            throw fault("expected at most " + MAX_STACK + " values on the pickle's stack, found more");
        }
    }

    private Object pop() {
        check(1);
        return stack.remove(stack.size() - 1);
    }

    /** The top values of the stack, in the order they were pushed. */
    private List<Object> pop(int count) {
        check(count);
        return popFrom(stack.size() - count);
    }

    private List<Object> popToMark() {
        if (openMarks == 0) {
            throw fault("expected a MARK before, found none");
        }
        return popFrom(marks[--openMarks]);
    }

    private List<Object> popFrom(int from) {
        List<Object> tail = stack.subList(from, stack.size());
        List<Object> values = new ArrayList<>(tail);
        tail.clear();
        return values;
    }

    private Object peek() {
        check(1);
        return stack.get(stack.size() - 1);
    }

    private void check(int count) {
        int available = stack.size() - (openMarks == 0 ? 0 : marks[openMarks - 1]);
        if (available < count) {
            throw fault("expected " + count + " values on the pickle's stack, found " + available);
        }
    }

    private void memoize(long index) {
        if (index >= MAX_MEMO) {
            throw fault("expected a memo index below " + MAX_MEMO + ", found " + index);
        }
        if (index >= memo.length) {
            memo = Arrays.copyOf(memo, (int) Math.min(MAX_MEMO, Math.max(2L * memo.length, index + 1)));
        }
        if (memo[(int) index] == null) {
            memoized++;
        }
        memo[(int) index] = peek();
    }

    private Object recall(long index) {
        if (index >= memo.length || memo[(int) index] == null) {
            throw fault("expected the index of a memoized value, found " + index);
        }
        return memo[(int) index];
    }

    private RwkvFormatException fault(String detail) {
        return in.fault(at, detail);
    }
}
