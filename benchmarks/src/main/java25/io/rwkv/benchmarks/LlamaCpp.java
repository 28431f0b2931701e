package io.rwkv.benchmarks;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * llama.cpp's C interface, as much of it as runs a model. Declared for version 0.5.0 (in {@code node-llama-cpp} 3.22), whose
 * functions take large structs by value: what it says of itself is compared with what was passed, so that another layout is
 * noticed.
 */
final class LlamaCpp {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;

    /** Of {@code llama_model_params} nothing is changed. */
    private static final StructLayout MODEL_PARAMS = MemoryLayout
            .structLayout(MemoryLayout.sequenceLayout(10, ValueLayout.JAVA_LONG));
    private static final StructLayout CONTEXT_PARAMS = MemoryLayout.structLayout(INT.withName("n_ctx"),
            INT.withName("n_batch"), INT.withName("n_ubatch"), INT.withName("n_seq_max"), INT.withName("n_rs_seq"),
            INT.withName("n_outputs_max"), INT.withName("n_outputs_max_per_seq"), INT.withName("n_threads"),
            INT.withName("n_threads_batch"), INT.withName("ctx_type"),
            MemoryLayout.sequenceLayout(15, ValueLayout.JAVA_LONG).withName("others"));
    private static final StructLayout BATCH = MemoryLayout.structLayout(INT.withName("n_tokens"),
            MemoryLayout.paddingLayout(4), POINTER.withName("token"), POINTER.withName("embd"),
            POINTER.withName("pos"), POINTER.withName("n_seq_id"), POINTER.withName("seq_id"),
            POINTER.withName("logits"));
    private static final long THREADPOOL_PARAMS_BYTES = 1024; // more than they have; only llama.cpp reads and writes them

    private static final int ERROR_LEVEL = 4;
    private static final int CPU_DEVICE = 0;

    private final Linker linker = Linker.nativeLinker();
    private final SymbolLookup symbols;
    private final Path folder;

    private final MethodHandle loadModel;
    private final MethodHandle newContext;
    private final MethodHandle decode;
    private final MethodHandle logits;
    private final MethodHandle memory;
    private final MethodHandle clearMemory;
    private final MethodHandle freeContext;
    private final MethodHandle freeModel;
    private final MethodHandle attachThreads;
    private final MethodHandle newThreads;
    private final MethodHandle freeThreads;

    /** @param folder of the shared libraries, or one that has it below it */
    LlamaCpp(Path folder) throws IOException {
        Path library = find(folder, "libllama(\\.v[0-9.]+)?\\.so");
        this.folder = library.getParent();
        symbols = SymbolLookup.libraryLookup(library, Arena.global())
                .or(SymbolLookup.libraryLookup(find(this.folder, "libggml(\\.v[0-9.]+)?\\.so"), Arena.global()))
                .or(SymbolLookup.libraryLookup(find(this.folder, "libggml-base\\.so"), Arena.global()));
        loadModel = function("llama_model_load_from_file", POINTER, POINTER, MODEL_PARAMS);
        newContext = function("llama_init_from_model", POINTER, POINTER, CONTEXT_PARAMS);
        decode = function("llama_decode", INT, POINTER, BATCH);
        logits = function("llama_get_logits_ith", POINTER, POINTER, INT);
        memory = function("llama_get_memory", POINTER, POINTER);
        clearMemory = function("llama_memory_clear", null, POINTER, ValueLayout.JAVA_BOOLEAN);
        freeContext = function("llama_free", null, POINTER);
        freeModel = function("llama_model_free", null, POINTER);
        attachThreads = function("llama_attach_threadpool", null, POINTER, POINTER, POINTER);

        call(function("llama_log_set", null, POINTER, POINTER), errorsOnly(), MemorySegment.NULL);
        try (Arena arena = Arena.ofConfined()) {
            call(function("ggml_backend_load_all_from_path", null, POINTER),
                    arena.allocateFrom(this.folder.toString()));
        }
        call(function("llama_backend_init", null));
        // These are in the library for this processor, which was chosen just now.
        MemorySegment device = pointer(function("ggml_backend_dev_by_type", POINTER, INT), CPU_DEVICE);
        MemorySegment registry = pointer(function("ggml_backend_dev_backend_reg", POINTER, POINTER), device);
        newThreads = function(registry, "ggml_threadpool_new", POINTER, POINTER);
        freeThreads = function(registry, "ggml_threadpool_free", null, POINTER);
    }

    private static Path find(Path folder, String name) throws IOException {
        try (Stream<Path> files = Files.walk(folder.toAbsolutePath())) {
            return files.filter(file -> file.getFileName().toString().matches(name)).findFirst()
                    .orElseThrow(() -> new IOException("no " + name + " in " + folder));
        }
    }

    private MethodHandle function(String name, MemoryLayout result, MemoryLayout... arguments) {
        return handle(symbols.find(name).orElseThrow(() -> new IllegalStateException("no function " + name)), result,
                arguments);
    }

    private MethodHandle function(MemorySegment registry, String name, MemoryLayout result,
            MemoryLayout... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = pointer(function("ggml_backend_reg_get_proc_address", POINTER, POINTER, POINTER),
                    registry, arena.allocateFrom(name));
            return handle(address, result, arguments);
        }
    }

    private MethodHandle handle(MemorySegment address, MemoryLayout result, MemoryLayout... arguments) {
        return linker.downcallHandle(address, result == null
                ? FunctionDescriptor.ofVoid(arguments)
                : FunctionDescriptor.of(result, arguments));
    }

    private static Object call(MethodHandle function, Object... arguments) {
        try {
            return function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException("a call of llama.cpp failed", e);
        }
    }

    private static MemorySegment pointer(MethodHandle function, Object... arguments) {
        MemorySegment result = (MemorySegment) call(function, arguments);
        if (result.equals(MemorySegment.NULL)) {
            throw new IllegalStateException("llama.cpp refused; what it said is above");
        }
        return result;
    }

    private MemorySegment errorsOnly() {
        try {
            MethodHandle log = MethodHandles.lookup().findStatic(LlamaCpp.class, "log",
                    MethodType.methodType(void.class, int.class, MemorySegment.class, MemorySegment.class));
            return linker.upcallStub(log, FunctionDescriptor.ofVoid(INT, POINTER, POINTER), Arena.global());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Called by llama.cpp. */
    static void log(int level, MemorySegment text, MemorySegment nothing) {
        if (level == ERROR_LEVEL) {
            System.err.print(text.reinterpret(Long.MAX_VALUE).getString(0));
        }
    }

    /** Its version, and which of its libraries runs on this processor. */
    String version() throws IOException {
        String llama = pointer(function("llama_version", POINTER)).reinterpret(Long.MAX_VALUE).getString(0);
        String ggml = pointer(function("ggml_version", POINTER)).reinterpret(Long.MAX_VALUE).getString(0);
        String chosen = Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("libggml-cpu")).findFirst()
                .map(line -> ", " + line.replaceAll(".*/libggml-cpu-?|\\.so.*", "")).orElse("");
        return llama + " (ggml " + ggml + chosen + ")";
    }

    /** How many sequences a context can hold. */
    int mostSequences() {
        return (int) (long) call(function("llama_max_parallel_sequences", ValueLayout.JAVA_LONG));
    }

    /**
     * A model and one context of it. For one thread.
     *
     * @param contextTokens for each sequence
     * @param batchTokens of all sequences in one call
     */
    Model open(Path file, int threads, int sequences, int contextTokens, int batchTokens) {
        return new Model(file, threads, sequences, contextTokens, batchTokens);
    }

    final class Model implements AutoCloseable {
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment model;
        private final MemorySegment context;
        private final MemorySegment threadPool;
        private final MemorySegment tokens;
        private final MemorySegment batch;
        private final MemorySegment batchOfSequences; // shares the tokens

        private Model(Path file, int threads, int sequences, int contextTokens, int batchTokens) {
            MemorySegment modelParams = (MemorySegment) call(function("llama_model_default_params", MODEL_PARAMS),
                    arena);
            model = pointer(loadModel, arena.allocateFrom(file.toString()), modelParams);
            MemorySegment params = (MemorySegment) call(function("llama_context_default_params", CONTEXT_PARAMS),
                    arena);
            check("n_seq_max", 1, get(params, "n_seq_max"));
            check("n_outputs_max_per_seq", 1, get(params, "n_outputs_max_per_seq"));
            check("n_threads_batch", get(params, "n_threads"), get(params, "n_threads_batch"));
            set(params, "n_seq_max", sequences);
            set(params, "n_ctx", sequences * contextTokens);
            set(params, "n_batch", batchTokens);
            set(params, "n_ubatch", batchTokens);
            set(params, "n_threads", threads);
            set(params, "n_threads_batch", threads);
            context = pointer(newContext, model, params);
            check("llama_n_seq_max", sequences, ask("llama_n_seq_max"));
            check("llama_n_ctx", sequences * contextTokens, ask("llama_n_ctx"));
            check("llama_n_batch", batchTokens, ask("llama_n_batch"));
            check("llama_n_ubatch", batchTokens, ask("llama_n_ubatch"));
            check("llama_n_threads", threads, ask("llama_n_threads"));
            check("llama_n_threads_batch", threads, ask("llama_n_threads_batch"));

            // Threads that stay, as llama.cpp's own benchmark uses them; else it starts new ones for each token.
            MemorySegment poolParams = arena.allocate(THREADPOOL_PARAMS_BYTES, 8);
            call(function("ggml_threadpool_params_init", null, POINTER, INT), poolParams, threads);
            threadPool = pointer(newThreads, poolParams);
            call(attachThreads, context, threadPool, threadPool);

            tokens = arena.allocate(INT, batchTokens);
            batch = arena.allocate(BATCH);
            set(batch, "token", tokens);
            batchOfSequences = batchOfSequences(sequences);
        }

        /** Token i belongs to sequence i, and logits are wanted after it. llama.cpp counts the positions itself. */
        private MemorySegment batchOfSequences(int sequences) {
            MemorySegment result = arena.allocate(BATCH);
            MemorySegment counts = arena.allocate(INT, sequences);
            MemorySegment ids = arena.allocate(INT, sequences);
            MemorySegment places = arena.allocate(POINTER, sequences);
            MemorySegment wanted = arena.allocate(ValueLayout.JAVA_BYTE, sequences);
            for (int i = 0; i < sequences; i++) {
                counts.setAtIndex(INT, i, 1);
                ids.setAtIndex(INT, i, i);
                places.setAtIndex(POINTER, i, ids.asSlice(i * INT.byteSize()));
                wanted.set(ValueLayout.JAVA_BYTE, i, (byte) 1);
            }
            set(result, "token", tokens);
            set(result, "n_seq_id", counts);
            set(result, "seq_id", places);
            set(result, "logits", wanted);
            return result;
        }

        private static void set(MemorySegment batch, String field, MemorySegment pointer) {
            batch.set(POINTER, BATCH.byteOffset(PathElement.groupElement(field)), pointer);
        }

        private static int get(MemorySegment params, String field) {
            return params.get(INT, CONTEXT_PARAMS.byteOffset(PathElement.groupElement(field)));
        }

        private static void set(MemorySegment params, String field, int value) {
            params.set(INT, CONTEXT_PARAMS.byteOffset(PathElement.groupElement(field)), value);
        }

        private int ask(String function) {
            return (int) call(function(function, INT, POINTER), context);
        }

        private static void check(String what, int expected, int found) {
            if (expected != found) {
                throw new IllegalStateException(
                        "llama.cpp: expected " + what + " to be " + expected + ", found " + found
                                + "; this version of it has other structs than the one that is declared here");
            }
        }

        /** Forgets all tokens. */
        void clear() {
            call(clearMemory, pointer(memory, context), true);
        }

        /** Reads tokens of sequence 0 and computes the logits after the last of them. */
        void decode(int[] next) {
            decode(next, batch);
        }

        /** Reads one token of each sequence, from sequence 0 on, and computes the logits after each. */
        void decodeTogether(int[] next) {
            decode(next, batchOfSequences);
        }

        private void decode(int[] next, MemorySegment from) {
            MemorySegment.copy(next, 0, tokens, INT, 0, next.length);
            from.set(INT, 0, next.length);
            int failure;
            try {
                failure = (int) decode.invokeExact(context, from);
                MemorySegment last = (MemorySegment) logits.invokeExact(context, -1); // waits for them
                if (failure != 0 || last.equals(MemorySegment.NULL)) {
                    throw new IllegalStateException("llama_decode returned " + failure);
                }
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }

        /** Of the last {@link #decode}. */
        float[] logits(int vocabulary) {
            return logits(-1, vocabulary);
        }

        /** Of a sequence, after the last {@link #decodeTogether}. */
        float[] logits(int sequence, int vocabulary) {
            return pointer(logits, context, sequence).reinterpret(4L * vocabulary).toArray(ValueLayout.JAVA_FLOAT);
        }

        @Override
        public void close() {
            call(freeContext, context);
            call(freeThreads, threadPool);
            call(freeModel, model);
            arena.close();
        }
    }
}
