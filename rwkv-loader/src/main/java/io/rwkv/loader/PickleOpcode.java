package io.rwkv.loader;

/**
 * The instructions of Python's pickle format, protocols 2 to 5: as constants those that {@code torch.save} writes for a
 * dictionary of tensors, and a name for each of the others, to refuse it by. Source: CPython, {@code Lib/pickletools.py}.
 */
final class PickleOpcode {
    static final int MARK = '(';
    static final int STOP = '.';
    static final int NONE = 'N';
    static final int BINPERSID = 'Q';
    static final int REDUCE = 'R';
    static final int BUILD = 'b';
    static final int GLOBAL = 'c';
    static final int STACK_GLOBAL = 0x93;
    static final int PROTO = 0x80;
    static final int FRAME = 0x95;

    static final int BININT = 'J';
    static final int BININT1 = 'K';
    static final int BININT2 = 'M';
    static final int LONG1 = 0x8a;
    static final int LONG4 = 0x8b;
    static final int BINFLOAT = 'G';
    static final int NEWTRUE = 0x88;
    static final int NEWFALSE = 0x89;

    static final int BINUNICODE = 'X';
    static final int SHORT_BINUNICODE = 0x8c;
    static final int BINUNICODE8 = 0x8d;
    static final int BINBYTES = 'B';
    static final int SHORT_BINBYTES = 'C';
    static final int BINBYTES8 = 0x8e;

    static final int EMPTY_TUPLE = ')';
    static final int TUPLE = 't';
    static final int TUPLE1 = 0x85;
    static final int TUPLE2 = 0x86;
    static final int TUPLE3 = 0x87;
    static final int EMPTY_LIST = ']';
    static final int APPEND = 'a';
    static final int APPENDS = 'e';
    static final int EMPTY_DICT = '}';
    static final int SETITEM = 's';
    static final int SETITEMS = 'u';

    static final int BINGET = 'h';
    static final int LONG_BINGET = 'j';
    static final int BINPUT = 'q';
    static final int LONG_BINPUT = 'r';
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
