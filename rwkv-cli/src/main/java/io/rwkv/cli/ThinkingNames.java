package io.rwkv.cli;

import io.rwkv.text.chat.Thinking;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The modes of thinking as users write them. */
final class ThinkingNames implements ITypeConverter<Thinking> {
    static final List<String> NAMES = Arrays.stream(Thinking.values()).map(ThinkingNames::name).toList();

    static String name(Thinking mode) {
        return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** @throws IllegalArgumentException if there is none of this name */
    static Thinking of(String text) {
        return Arrays.stream(Thinking.values()).filter(mode -> name(mode).equals(text.toLowerCase(Locale.ROOT)))
                .findFirst().orElseThrow(() -> new IllegalArgumentException(
                        "expected one of " + String.join(", ", NAMES) + ", found " + text));
    }

    @Override
    public Thinking convert(String text) {
        try {
            return of(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
