package io.rwkv.examples;

import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Ranks a few sentences by how near their vectors are to a query's. */
public final class SemanticSearch {
    private static final List<String> SENTENCES = List.of("a small bird with bright feathers that sings",
            "a machine that lifts heavy loads", "a sweet dish eaten at the end of a meal",
            "a person who treats sick people", "a fish that lives in cold rivers",
            "a building where people pray together");

    private SemanticSearch() {
    }

    /** @param args the query; without any, a default one */
    public static void main(String[] args) throws IOException {
        String query = args.length > 0 ? String.join(" ", args) : "an animal that swims in the water";
        try (TextModel rwkv = TextModel.open(DemoModel.checkpoint())) {
            float[] wanted = rwkv.embed(query);
            System.out.println(query);
            record Hit(String sentence, double similarity) {}
            SENTENCES.stream().map(s -> new Hit(s, dot(wanted, rwkv.embed(s))))
                    .sorted(Comparator.comparingDouble(Hit::similarity).reversed())
                    .forEach(hit -> System.out.printf(Locale.ROOT, "%6.3f  %s%n", hit.similarity, hit.sentence));
        }
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
