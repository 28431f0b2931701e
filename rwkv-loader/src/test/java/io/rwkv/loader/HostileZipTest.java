package io.rwkv.loader;

import static io.rwkv.loader.Fixtures.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostileZipTest {
    private static final byte[] PICKLE = PickleBuilder.dict().string("w").vector("0", 2).endDict();
    private static final byte[] DATA = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(1.5f)
            .putFloat(-2).array();

    @TempDir
    Path folder;

    private static ZipBuilder zip() {
        return ZipBuilder.checkpoint(PICKLE, DATA);
    }

    private static ZipBuilder zip64() {
        return new ZipBuilder(true).add("x y/data.pkl", PICKLE).add("x y/data/0", DATA).end();
    }

    private void refused(ZipBuilder zip, String... message) {
        assertRefused(folder, zip.bytes(), message);
    }

    @Test
    void shouldReadBothKindsOfDirectory() {
        for (ZipBuilder zip : new ZipBuilder[]{zip(), zip64()}) {
            assertArrayEquals(new float[]{1.5f, -2}, Fixtures.open(folder, zip.bytes()).tensor("w").toFloats());
        }
    }

    @Test
    void shouldReadAFileWithAComment() {
        ZipBuilder zip = zip();
        zip.put16(zip.endRecord() + 20, 5);
        byte[] bytes = Arrays.copyOf(zip.bytes(), zip.bytes().length + 5);
        assertEquals(1, Fixtures.open(folder, bytes).names().size());
        assertRefused(folder, Arrays.copyOf(bytes, bytes.length + 1), "expected a zip's end record in the last ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"module-zip.pth", "plain-zip.pth"})
    void shouldRefuseEveryTruncation(String name) {
        byte[] whole = Fixtures.bytes(name);
        for (int length = 0; length < whole.length; length++) {
            assertRefused(folder, Arrays.copyOf(whole, length), "found");
        }
    }

    @Test
    void shouldRefuseMissingOrAmbiguousPickles() {
        refused(new ZipBuilder(false).add("data.pkl", PICKLE).end(), "expected one zip entry FOLDER/data.pkl",
                "found 0");
        refused(new ZipBuilder(false).add("a/b/data.pkl", PICKLE).end(), "found 0 among 1 entries (a/b/data.pkl)");
        refused(new ZipBuilder(false).add("a/data.pkl", PICKLE).add("b/data.pkl", PICKLE).end(), "found 2 among 2");
        refused(new ZipBuilder(false).end(),
                "expected one zip entry FOLDER/data.pkl, as torch.save writes, found 0 among 0");
    }

    @Test
    void shouldRefuseMissingOrShortStorages() {
        refused(ZipBuilder.checkpoint(PICKLE), "tensor w: expected its data in the zip entry archive/data/0");
        refused(ZipBuilder.checkpoint(PICKLE, new byte[7]),
                "tensor w: expected 2 elements of F32 in storage \"0\", found 7 bytes");
    }

    @Test
    void shouldRefuseOtherByteOrders() {
        ZipBuilder big = new ZipBuilder(false).add("a/data.pkl", PICKLE).add("a/byteorder", ascii("big"))
                .add("a/data/0", DATA).end();
        refused(big, "expected the byte order \"little\", found \"big\"");
        ZipBuilder little = new ZipBuilder(false).add("a/data.pkl", PICKLE).add("a/byteorder", ascii("little"))
                .add("a/data/0", DATA).end();
        assertEquals(1, Fixtures.open(folder, little.bytes()).names().size());
    }

    @Test
    void shouldRefuseCompressedOrEncryptedEntries() {
        ZipBuilder zip = zip();
        refused(zip.put16(zip.central(1) + 10, 8), "offset " + zip.central(1),
                "expected zip entry archive/data/0 stored (method 0)", "found it deflated (method 8)");
        zip = zip();
        refused(zip.put16(zip.local(0) + 8, 99), "offset " + zip.local(0), "archive/data.pkl stored", "(method 99)");
        zip = zip();
        refused(zip.put16(zip.central(0) + 8, 9), "expected zip entry archive/data.pkl not encrypted, found flags 9");
    }

    @Test
    void shouldRefuseOverlappingEntries() {
        ZipBuilder zip = zip();
        int size = zip.local(1) - zip.local(0);
        zip.put32(zip.central(0) + 20, size).put32(zip.central(0) + 24, size);
        refused(zip, "offset " + zip.local(1), "expected zip entries apart, found archive/data/0",
                "inside archive/data.pkl");
    }

    @Test
    void shouldRefuseDuplicates() {
        refused(new ZipBuilder(false).add("a/data.pkl", PICKLE).add("a/data/0", DATA).add("a/data/0", DATA).end(),
                "expected distinct zip entries, found a/data/0 twice");
    }

    @Test
    void shouldRefuseEntriesOutsideTheFile() {
        for (int header : new int[]{1, 100_000, Integer.MAX_VALUE, -2}) {
            ZipBuilder zip = zip();
            refused(zip.put32(zip.central(1) + 42, header),
                    "expected the offset of the header of zip entry archive/data/0, found " + (header & 0xFFFFFFFFL));
        }
        for (int size : new int[]{100_000, Integer.MAX_VALUE, -2}) {
            ZipBuilder zip = zip();
            refused(zip.put32(zip.central(1) + 20, size).put32(zip.central(1) + 24, size),
                    "expected zip entry archive/data/0 before the zip's directory at");
        }
        ZipBuilder zip = zip();
        refused(zip.put32(zip.central(1) + 20, 4), "expected zip entry archive/data/0 with one size, found 4");
        zip = zip();
        refused(zip.put32(zip.central(1) + 20, -1).put32(zip.central(1) + 24, -1),
                "expected the sizes of zip entry archive/data/0 in a ZIP64 extra field, found none");
        zip = zip();
        refused(zip.put16(zip.local(1) + 28, 0xFFFF), "expected zip entry archive/data/0 before");
        zip = zip();
        refused(zip.put16(zip.local(1) + 30, 'X' << 8 | 'X'), "expected the name archive/data/0, as in the zip's dir");
    }

    @Test
    void shouldRefuseBadDirectories() {
        ZipBuilder zip = zip();
        refused(zip.put16(zip.endRecord() + 10, 3), "expected a zip directory", "found 3 entries in");
        zip = zip();
        refused(zip.put16(zip.endRecord() + 10, 1), "expected the end of the zip's directory after 1 entries");
        zip = zip();
        refused(zip.put32(zip.endRecord() + 12, -2),
                "expected the zip's directory before the end record, found 4294967294");
        zip = zip();
        refused(zip.put32(zip.endRecord() + 16, -2), "expected the zip's directory before the end record",
                "4294967294");
        zip = zip();
        refused(zip.put32(zip.endRecord() + 16, 3), "expected the zip's directory entry 0 of 2");
        zip = zip();
        refused(zip.put16(zip.endRecord() + 4, 1), "expected a zip in one part, found part 1");
        zip = zip();
        refused(zip.put16(zip.central(1) + 28, 0xFFFF), "expected a directory entry of");
        zip = zip();
        refused(zip.put32(zip.central(1), 7), "expected the zip's directory entry 1 of 2, found something else");
    }

    @Test
    void shouldRefuseBadZip64Records() {
        ZipBuilder zip = zip64();
        refused(zip.put64(zip.end64() + 56 + 8, -1), "expected the offset of a ZIP64 end record, found -1");
        zip = zip64();
        refused(zip.put64(zip.end64() + 56 + 8, 3), "expected the offset of a ZIP64 end record, found 3");
        zip = zip64();
        refused(zip.put64(zip.end64() + 32, Long.MAX_VALUE), "expected a zip directory", "found 9223372036854775807");
        zip = zip64();
        refused(zip.put64(zip.end64() + 40, Long.MAX_VALUE), "expected the zip's directory before the end record");
        zip = zip64();
        refused(zip.put64(zip.end64() + 48, -1), "expected the zip's directory before the end record");
        zip = zip64();
        refused(zip.put16(zip.endRecord() + 10, 5), "expected the ZIP64 end record to agree with the end record (5");
        int extra = 46 + "x y/data.pkl".length() + 4;
        zip = zip64();
        refused(zip.put16(zip.central(0) + extra + 2, 25), "expected an extra field of 25 bytes");
        zip = zip64();
        refused(zip.put16(zip.central(0) + extra + 2, 16), "in a ZIP64 extra field, found none");
        zip = zip64();
        refused(zip.put64(zip.central(0) + extra + 4, -1).put64(zip.central(0) + extra + 12, -1),
                "before the zip's directory");
        zip = zip64();
        refused(zip.put64(zip.central(0) + extra + 20, Long.MIN_VALUE), "expected the offset of the header");
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
