package io.rwkv.benchmarks;

import io.rwkv.core.tensor.DType;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Measures each file in a JVM of its own: what the compiler learnt from one model's kernels would change the code for the next. */
final class OwnProcess {
    private OwnProcess() {
    }

    /**
     * Runs a program with the arguments, and with a model and a type as the only ones.
     *
     * @return what it gives to {@link #answer}
     */
    static <R> R ask(Class<?> program, String[] args, String model, DType type, Class<R> result)
            throws IOException, InterruptedException, ClassNotFoundException {
        Path file = Files.createTempFile("engines", ".result");
        try {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
            command.addAll(List.of(args)); // of an option that comes twice the last counts
            command.addAll(List.of("--models", model, "--types", type.name(), "--result", file.toString()));
            int status = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (status != 0) {
                throw new IOException(model + " " + type + ": measuring it ended with status " + status);
            }
            try (ObjectInputStream in = new ObjectInputStream(Files.newInputStream(file))) {
                return result.cast(in.readObject());
            }
        } finally {
            Files.delete(file);
        }
    }

    /** Ends this process with what was measured. */
    static void answer(Path file, Serializable result) throws IOException {
        try (ObjectOutputStream out = new ObjectOutputStream(Files.newOutputStream(file))) {
            out.writeObject(result);
        }
        System.exit(0); // ND4J's threads would hold it up
    }
}
