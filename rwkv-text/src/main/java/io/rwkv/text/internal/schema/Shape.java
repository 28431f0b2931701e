package io.rwkv.text.internal.schema;

import java.util.LinkedHashMap;
import java.util.List;

/** The values of one type that a {@link Slot} admits. */
sealed interface Shape {
    Type type();

    /** Null, or true and false. */
    record Word(Type type) implements Shape {}

    record Number(NumberRange range) implements Shape {
        @Override
        public Type type() {
            return Type.NUMBER;
        }
    }

    /**
     * @param max characters, or {@link Regex#UNLIMITED}
     * @param patterns all of which a string has to match
     * @param automaton of the strings that are written, if there are patterns, else null
     */
    record Text(int min, int max, List<String> patterns, Automaton automaton) implements Shape {
        @Override
        public Type type() {
            return Type.STRING;
        }
    }

    /**
     * @param prefix of the first items, each its own
     * @param rest of all further items; null: any, but none is written
     * @param max items, or {@link Regex#UNLIMITED}
     */
    record Items(List<Slot> prefix, Slot rest, int min, int max) implements Shape {
        @Override
        public Type type() {
            return Type.ARRAY;
        }

        /** Null: any value. */
        Slot item(int index) {
            return index < prefix.size() ? prefix.get(index) : rest;
        }
    }

    /**
     * @param properties by name, in the order in which they are written
     * @param extra of all other properties; null: any, but none is written
     */
    record Properties(LinkedHashMap<String, Property> properties, Slot extra) implements Shape {
        @Override
        public Type type() {
            return Type.OBJECT;
        }

        /** Null: any value. */
        Slot property(String name) {
            Property property = properties.get(name);
            return property != null ? property.slot() : extra;
        }

        boolean requires(String name) {
            Property property = properties.get(name);
            return property != null && property.required();
        }
    }

    record Property(Slot slot, boolean required) {}
}
