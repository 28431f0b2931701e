package io.rwkv.core.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

class ProvidersTest {
    /** What is looked for. */
    public interface Greeter {
        String greet();
    }

    /** One of them. */
    public static final class Polite implements Greeter {
        @Override
        public String greet() {
            return "Good day";
        }
    }

    /** Another. */
    public static final class Brief implements Greeter {
        @Override
        public String greet() {
            return "Hi";
        }
    }

    /** One that cannot be made. */
    public static final class Shy implements Greeter {
        /** Never comes to an end. */
        public Shy() {
            throw new IllegalStateException("not today");
        }

        @Override
        public String greet() {
            return "";
        }
    }

    /** One whose class cannot be initialised. */
    public static final class Missing implements Greeter {
        private static final String WORD = List.<String>of().get(0);

        @Override
        public String greet() {
            return WORD;
        }
    }

    private static List<String> greetings(Path folder, String... registered) throws Exception {
        ClassLoader loader = ServiceFolder.loader(folder, Greeter.class, List.of(registered));
        return ServiceFolder.in(loader, () -> Providers.of(Greeter.class)).stream().map(Greeter::greet).toList();
    }

    private static String name(String simple) {
        return ProvidersTest.class.getName() + "$" + simple;
    }

    @Test
    void whatOnlyTheContextSeesShouldBeFoundOnce(@TempDir Path folder) throws Exception {
        assertEquals(List.of(), Providers.of(Greeter.class));
        assertEquals(List.of("Good day", "Hi"), greetings(folder, name("Polite"), name("Brief"), name("Polite")));
    }

    @Test
    void whatCannotBeLoadedShouldNotKeepOthersAway(@TempDir Path folder) throws Exception {
        assertEquals(List.of("Good day", "Hi"),
                greetings(folder, "no.such.Greeter", name("Polite"), name("Shy"), name("Missing"), "java.lang.String",
                        name("Brief")));
    }

    @Test
    void aThreadWithoutContextShouldFindWhatTheLibrarySees() throws Exception {
        assertEquals(List.of(), ServiceFolder.in(null, () -> Providers.of(Greeter.class)));
    }
}
