package io.rwkv.text.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.Output;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;
import io.rwkv.core.Want;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

class ListReaderTest {
    /** Notes what goes through the model, and checks what a call may hold. */
    private static final class Recorder implements ListReader.Visitor {
        private final List<int[]> texts;
        private final int mostStates;
        private final int[] read;
        private final float[][] last;
        private final Set<RwkvState> states = new HashSet<>();
        private final Set<RwkvState> inCall = new HashSet<>();
        private int rows;
        private int calls;
        private boolean delivering;

        Recorder(List<int[]> texts, int mostStates) {
            this.texts = texts;
            this.mostStates = mostStates;
            read = new int[texts.size()];
            last = new float[texts.size()][];
        }

        /** Any places, so that texts stop and wait. */
        @Override
        public int pieceEnd(int text, int from, int end) {
            return text % 3 == 0 && from == 0 ? Math.min(end, 1 + text % 7) : end;
        }

        @Override
        public Step step(int text, int from, int to, int[] piece, RwkvState state) {
            if (delivering) {
                delivering = false;
                rows = 0;
                inCall.clear();
            }
            assertEquals(read[text], from);
            assertArrayEquals(Arrays.copyOfRange(texts.get(text), from, to), piece);
            rows += piece.length;
            assertTrue(piece.length > 0 && rows <= ListReader.ROWS, rows + " rows");
            assertTrue(inCall.add(state), "a state of its own");
            states.add(state);
            assertTrue(states.size() <= mostStates, states.size() + " states");
            return Step.of(piece, state, to == texts.get(text).length ? Want.LAST_LOGITS : Want.NOTHING);
        }

        @Override
        public void accept(int text, int from, int to, Output output) {
            calls += delivering ? 0 : 1;
            delivering = true;
            assertEquals(read[text], from);
            read[text] = to;
            if (to == texts.get(text).length) {
                last[text] = output.logits();
            }
        }

        @Override
        public String name(int text) {
            return "text " + text;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 20, 512})
    void eachTextShouldBeReadOnceAndAsIfAlone(int mostStates) {
        Random random = new Random(mostStates);
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            int length = i % 40 == 7 ? 500 + random.nextInt(1000) : 1 + random.nextInt(30);
            texts.add(random.ints(length, 0, TinyModel.VOCABULARY).toArray());
        }
        try (RwkvModel model = TinyModel.open()) {
            Recorder recorder = new Recorder(texts, mostStates);
            ListReader.read(model, texts, recorder, mostStates);
            for (int i = 0; i < texts.size(); i++) {
                assertEquals(texts.get(i).length, recorder.read[i]);
                assertArrayEquals(model.logits(texts.get(i), model.newState()), recorder.last[i], 1e-3f, "text " + i);
            }
            int tokens = texts.stream().mapToInt(text -> text.length).sum();
            if (mostStates == ListReader.ROWS) {
                int fewest = (tokens + ListReader.ROWS - 1) / ListReader.ROWS;
                assertTrue(recorder.calls <= fewest + 1, recorder.calls + " calls"); // a text that stops waits for the next
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1000, 2000000000, 512", "1000000, 2000000000, 134", "1000000, 256000000, 32", "21000000, 100000000, 1",
            "300000000, 9000000000, 1"})
    void statesShouldFitIntoMemory(long stateBytes, long heapBytes, int expected) {
        assertEquals(expected, ListReader.mostStates(stateBytes, heapBytes));
    }
}
