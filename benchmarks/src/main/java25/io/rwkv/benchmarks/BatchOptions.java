package io.rwkv.benchmarks;

import java.util.List;
import java.util.stream.Stream;

/** What {@link BatchBenchmark} is asked to do. */
final class BatchOptions extends ComparisonOptions {
    private List<Integer> sizes = List.of(1, 8, 32);

    private BatchOptions() {
        super("batch", "rwkv7-0.1b,rwkv7-0.4b", "BF16,Q8_0,Q4_0", 0.92,
                "  --sizes NUMBERS  of sequences; one is measured in any case; default 1,8,32\n");
    }

    static BatchOptions of(String[] args) {
        BatchOptions options = new BatchOptions();
        options.parse(args);
        return options;
    }

    @Override
    boolean take(String option, String value) {
        if (!option.equals("--sizes")) {
            return false;
        }
        sizes = Stream.concat(Stream.of(1), differentPositive(option, value).stream()) // the others are compared with 1
                .distinct().sorted().toList();
        return true;
    }

    /** Numbers of sequences, ascending; the first is 1. */
    List<Integer> sizes() {
        return sizes;
    }

    int mostSequences() {
        return sizes.get(sizes.size() - 1);
    }
}
