package io.rwkv.core.internal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvState;
import io.rwkv.core.RwkvVersion;

import org.junit.jupiter.api.Test;

class PassesTest {
    private static final RwkvConfig CONFIG = new RwkvConfig(RwkvVersion.V7, 2, 24, 3, 48, 37);

    private final StateLayout layout = Versions.stateLayout(CONFIG);
    private final Passes passes = new Passes(layout);

    @Test
    void callsOneAfterTheOtherShouldShareOne() {
        Pass pass = passes.lend();
        for (int i = 0; i < 3; i++) {
            StateArrays state = new StateArrays(layout);
            float[][] own = state.arrays();
            pass.begin(state);
            float[] after = pass.layer(1).part(2).after();
            assertSame(own[5], pass.layer(1).part(2).before());
            pass.nextStretch();
            assertSame(after, pass.layer(1).part(2).before());
            pass.commit();
            assertSame(after, state.array(1, 2));
            passes.giveBack(pass);
            assertNull(pass.layer(1).part(2).before(), "holds on to no state");
            assertNull(pass.layer(1).part(2).after());
            assertSame(pass, passes.lend());
        }
    }

    @Test
    void callsAtOnceShouldShareNothing() {
        Pass one = passes.lend();
        Pass two = passes.lend();
        assertNotSame(one, two);
        one.begin(new StateArrays(layout));
        two.begin(new StateArrays(layout));
        assertNotSame(one.layer(0).part(0).after(), two.layer(0).part(0).after());
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
