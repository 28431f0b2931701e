package io.rwkv.core.internal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvState;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.Want;
import io.rwkv.core.engine.StatePart;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

class PassTest {
    private static final RwkvConfig CONFIG = new RwkvConfig(RwkvVersion.V7, 2, 24, 3, 48, 37);
    private static final Sink NONE = (ops, values, row, count, token) -> {};

    private final StateLayout layout = Versions.stateLayout(CONFIG);
    private final Pool<Sequence> sequences = new Pool<>(() -> new Sequence(layout));
    private final Pool<Pass> passes = new Pool<>(() -> new Pass(layout, sequences));

    @Test
    void callsOneAfterTheOtherShouldShareTheirArrays() {
        Pass pass = passes.lend();
        for (int i = 0; i < 3; i++) {
            StateArrays state = new StateArrays(layout);
            float[][] own = state.arrays();
            pass.add(new int[300], state, Want.NOTHING, NONE);
            assertTrue(pass.nextStretch());
            StatePart part = pass.layer(1).part(2);
            float[] after = part.after(0);
            assertSame(own[5], part.before(0));
            assertTrue(pass.nextStretch());
            assertSame(after, part.before(0), "goes on from what the last stretch wrote");
            assertSame(after, part.after(0));
            assertFalse(pass.nextStretch());
            pass.commit();
            assertSame(after, state.array(1, 2));
            passes.giveBack(pass);
            assertEquals(0, part.sequences(), "holds on to no state");
            Sequence idle = sequences.lend();
            idle.begin(new int[1], new StateArrays(layout), Want.NOTHING, NONE);
            assertSame(own, idle.after(), "the state's old arrays are the next call's");
            sequences.giveBack(idle);
            assertSame(pass, passes.lend());
        }
    }

    /** Each row belongs to one token, tokens stand in order, and no stretch has room left while there are tokens. */
    @Test
    void stretchesShouldHoldAllTokensOnce() {
        Random random = new Random(3);
        for (int round = 0; round < 200; round++) {
            Pass pass = passes.lend();
            List<int[]> texts = new ArrayList<>();
            int next = 0;
            for (int i = 0; i <= random.nextInt(40); i++) {
                int from = next;
                int length = random.nextInt(3) == 0 ? 1 + random.nextInt(600) : 1 + random.nextInt(4);
                texts.add(IntStream.range(from, from + length).toArray());
                next += length;
                pass.add(texts.get(i), new StateArrays(layout), Want.NOTHING, NONE);
            }
            int seen = 0;
            while (pass.nextStretch()) {
                int count = pass.stretch().count();
                assertEquals(Math.min(Pass.STRETCH, next - seen), count);
                StatePart part = pass.layer(0).part(0);
                int row = 0;
                for (int i = 0; i < part.sequences(); i++) {
                    assertEquals(row, part.row(i));
                    row += part.rows(i);
                }
                assertEquals(count, row);
                int[] tokens = Arrays.copyOf(pass.stretch().tokens(), count);
                int first = seen;
                assertEquals(IntStream.range(first, first + count).boxed().toList(),
                        Arrays.stream(tokens).boxed().toList());
                seen += count;
            }
            assertEquals(next, seen);
            pass.commit();
            passes.giveBack(pass);
        }
    }

    @Test
    void callsAtOnceShouldShareNothing() {
        Pass one = passes.lend();
        Pass two = passes.lend();
        assertNotSame(one, two);
        one.add(new int[1], new StateArrays(layout), Want.NOTHING, NONE);
        one.add(new int[1], new StateArrays(layout), Want.NOTHING, NONE);
        two.add(new int[1], new StateArrays(layout), Want.NOTHING, NONE);
        one.nextStretch();
        two.nextStretch();
        assertNotSame(one.layer(0).part(0).after(0), one.layer(0).part(0).after(1));
        assertNotSame(one.layer(0).part(0).after(0), two.layer(0).part(0).after(0));
        passes.giveBack(two);
        passes.giveBack(one);
        assertSame(one, passes.lend(), "the last used, so that the others may go");
        assertSame(two, passes.lend());
    }

    @Test
    void whatTheMemoryWasNeededForShouldBeMadeAnew() {
        Pass one = passes.lend();
        Pass two = passes.lend();
        passes.giveBack(one);
        passes.giveBack(two);
        two.idle.clear(); // as the garbage collector does
        assertSame(one, passes.lend());
        assertNotSame(two, passes.lend());
    }

    @Test
    void nothingShouldBeKeptAfterTheEnd() {
        Pass idle = passes.lend();
        Pass lent = passes.lend();
        passes.giveBack(idle);
        passes.close();
        passes.giveBack(lent);
        Pass next = passes.lend();
        assertNotSame(idle, next);
        assertNotSame(lent, next);
    }

    @Test
    void theSizeShouldBeThatOfTheArrays() {
        long elements = 0;
        for (float[] array : new StateArrays(layout).arrays()) {
            elements += array.length;
        }
        assertEquals(4 * elements, new StateArrays(layout).byteSize());
        assertEquals(4 * elements, RwkvState.byteSize(CONFIG));
    }
}
