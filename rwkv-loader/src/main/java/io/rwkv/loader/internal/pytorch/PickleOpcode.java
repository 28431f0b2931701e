package io.rwkv.loader.internal.pytorch;

/**
 * The instructions of Python's pickle format, protocols 2 to 5: as constants those that {@code torch.save} writes for a
 * dictionary of tensors, and a name for each of the others, to refuse it by. Source: CPython, {@code Lib/pickletools.py}.
 */
public final class PickleOpcode {
    public static final int MARK = '(';
    public static final int STOP = '.';
    public static final int NONE = 'N';
    public static final int BINPERSID = 'Q';
    public static final int REDUCE = 'R';
    public static final int BUILD = 'b';
    public static final int GLOBAL = 'c';
    public static final int STACK_GLOBAL = 0x93;
    public static final int PROTO = 0x80;
    public static final int FRAME = 0x95;

    static final int BININT = 'J';
    static final int BININT1 = 'K';
    public static final int BININT2 = 'M';
    public static final int LONG1 = 0x8a;
    public static final int LONG4 = 0x8b;
    static final int BINFLOAT = 'G';
    public static final int NEWTRUE = 0x88;
    public static final int NEWFALSE = 0x89;

    public static final int BINUNICODE = 'X';
    public static final int SHORT_BINUNICODE = 0x8c;
    public static final int BINUNICODE8 = 0x8d;
    public static final int BINBYTES = 'B';
    static final int SHORT_BINBYTES = 'C';
    public static final int BINBYTES8 = 0x8e;

    public static final int EMPTY_TUPLE = ')';
    public static final int TUPLE = 't';
    public static final int TUPLE1 = 0x85;
    public static final int TUPLE2 = 0x86;
    static final int TUPLE3 = 0x87;
    public static final int EMPTY_LIST = ']';
    public static final int APPEND = 'a';
    public static final int APPENDS = 'e';
    public static final int EMPTY_DICT = '}';
    public static final int SETITEM = 's';
    public static final int SETITEMS = 'u';

    public static final int BINGET = 'h';
    public static final int LONG_BINGET = 'j';
    public static final int BINPUT = 'q';
    public static final int LONG_BINPUT = 'r';
    static final int MEMOIZE = 0x94;

    private PickleOpcode() {
    }

    /** The name, for error messages, of an instruction that has no constant here. */
    static String refusedName(int opcode) {
        return switch (opcode) {
            case PROTO -> "PROTO";
            case '0' -> "POP";
            case '1' -> "POP_MARK";
            case '2' -> "DUP";
            case 'F' -> "FLOAT";
            case 'I' -> "INT";
            case 'L' -> "LONG";
            case 'P' -> "PERSID";
            case 'S' -> "STRING";
            case 'T' -> "BINSTRING";
            case 'U' -> "SHORT_BINSTRING";
            case 'V' -> "UNICODE";
            case 'd' -> "DICT";
            case 'g' -> "GET";
            case 'i' -> "INST";
            case 'l' -> "LIST";
            case 'o' -> "OBJ";
            case 'p' -> "PUT";
            case 0x81 -> "NEWOBJ";
            case 0x82 -> "EXT1";
            case 0x83 -> "EXT2";
            case 0x84 -> "EXT4";
            case 0x8f -> "EMPTY_SET";
            case 0x90 -> "ADDITEMS";
            case 0x91 -> "FROZENSET";
            case 0x92 -> "NEWOBJ_EX";
            case 0x96 -> "BYTEARRAY8";
            case 0x97 -> "NEXT_BUFFER";
            case 0x98 -> "READONLY_BUFFER";
            default -> "unknown";
        };
    }
}
