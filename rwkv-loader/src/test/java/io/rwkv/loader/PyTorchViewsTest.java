package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;

/** Views show elements of a file any number of times, each of them with less than the file has, all of them with any amount. */
class PyTorchViewsTest {
    private static final int ELEMENTS = 1 << 20;

    @TempDir
    Path folder;

    private static byte[] file(PickleBuilder pickle) {
        return ZipBuilder.checkpoint(pickle.endDict(), new byte[4 * ELEMENTS]).bytes();
    }

    /** Shape and strides are of two dimensions. */
    private static PickleBuilder views(int count, long rows, long columns, long rowStride, long columnStride) {
        PickleBuilder pickle = PickleBuilder.dict();
        for (int i = 0; i < count; i++) {
            pickle.string("blocks." + i + ".att.key.weight").tensor("0", ELEMENTS, 0, new long[]{rows, columns},
                    new long[]{rowStride, columnStride});
        }
        return pickle;
    }

    @ParameterizedTest
    @CsvSource({"400, 1024, 1024, 0, 0", "400, 1024, 1024, 0, 1", "400, 1024, 1024, 1, 0", "400, 1024, 1024, 1, 1",
            "400, 1024, 1024, 512, 1", "400, 1024, 1024, 1024, 1", "9, 2048, 2000, 1, 0", "9, 1024, 1024, 1024, 1"})
    void shouldRefuseViewsThatShowTheFileTooOften(int count, long rows, long columns, long rowStride,
            long columnStride) {
        Fixtures.assertRefused(folder, file(views(count, rows, columns, rowStride, columnStride)),
                "expected views that together show at most 3", "bytes of a file of 4",
                "found more from this tensor on, of shape [" + rows + ", " + columns + "]");
    }

    @Test
    void shouldReadTiedTensorsAndVectorsShownAsMatrices() {
        PickleBuilder pickle = views(6, 1024, 1024, 1024, 1);
        for (int i = 0; i < 400; i++) {
            pickle.string("v" + i).tensor("0", ELEMENTS, i, new long[]{64, 64}, new long[]{1, 0});
        }
        TensorFile file = Fixtures.open(folder, file(pickle));
        assertEquals(406, file.names().size());
        assertArrayEquals(new long[]{64, 64}, file.tensor("v399").shape());
    }

    @Test
    void shouldReadExpandedViewsOfASmallFile() {
        PickleBuilder pickle = PickleBuilder.dict();
        for (int i = 0; i < 300; i++) {
            pickle.string("v" + i).tensor("0", 4, 0, new long[]{4, 300}, new long[]{1, 0});
        }
        byte[] bytes = ZipBuilder.checkpoint(pickle.endDict(), new byte[16]).bytes();
        assertEquals(300, Fixtures.open(folder, bytes).names().size());
    }
}
