package io.rwkv.loader;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Writes uncompressed zip files and tells where their parts are, so that tests can damage them. */
final class ZipBuilder {
    private final ByteBuffer out;
    private final List<String> names = new ArrayList<>();
    private final List<Integer> sizes = new ArrayList<>();
    private final List<Integer> locals = new ArrayList<>();
    private final List<Integer> centrals = new ArrayList<>();
    private final boolean zip64;
    private int end64;
    private int end;

    /** @param zip64 whether every number that may stand in a ZIP64 field does */
    ZipBuilder(boolean zip64) {
        this(zip64, 0);
    }

    private ZipBuilder(boolean zip64, int dataBytes) {
        this.out = ByteBuffer.allocate(dataBytes + (1 << 20)).order(ByteOrder.LITTLE_ENDIAN);
        this.zip64 = zip64;
    }

    /** A checkpoint of one pickle and its storages, which are named 0, 1, … */
    static ZipBuilder checkpoint(byte[] pickle, byte[]... storages) {
        ZipBuilder zip = new ZipBuilder(false, Arrays.stream(storages).mapToInt(s -> s.length).sum())
                .add("archive/data.pkl", pickle);
        for (int i = 0; i < storages.length; i++) {
            zip.add("archive/data/" + i, storages[i]);
        }
        return zip.end();
    }

    ZipBuilder add(String name, byte[] data) {
        names.add(name);
        sizes.add(data.length);
        locals.add(out.position());
        // Sizes in a descriptor after the data, and an extra part that the directory does not have: as PyTorch writes.
        out.putInt(0x04034b50).putShort((short) 0).putShort((short) 8).putShort((short) 0).putInt(0).putInt(0).putInt(0)
                .putInt(0).putShort((short) name.length()).putShort((short) 7).put(ascii(name));
        out.putShort((short) 0x4246).putShort((short) 3).put(ascii("ZZZ")).put(data);
        out.putInt(0x08074b50).putInt(0).putInt(data.length).putInt(data.length);
        return this;
    }

    ZipBuilder end() {
        int start = out.position();
        for (int i = 0; i < names.size(); i++) {
            centrals.add(out.position());
            int narrow = zip64 ? -1 : sizes.get(i);
            out.putInt(0x02014b50).putInt(0).putShort((short) 8).putShort((short) 0).putInt(0).putInt(0).putInt(narrow)
                    .putInt(narrow).putShort((short) names.get(i).length()).putShort((short) (zip64 ? 32 : 0))
                    .putShort((short) 0).putInt(0).putInt(0).putInt(zip64 ? -1 : locals.get(i))
                    .put(ascii(names.get(i)));
            if (zip64) {
                // Another extra field first, to be passed over.
                out.putShort((short) 0x5455).putShort((short) 0);
                out.putShort((short) 1).putShort((short) 24).putLong(sizes.get(i)).putLong(sizes.get(i))
                        .putLong(locals.get(i));
            }
        }
        int size = out.position() - start;
        if (zip64) {
            end64 = out.position();
            out.putInt(0x06064b50).putLong(44).putInt(0).putInt(0).putInt(0).putLong(names.size())
                    .putLong(names.size()).putLong(size).putLong(start);
            out.putInt(0x07064b50).putInt(0).putLong(end64).putInt(1);
        }
        end = out.position();
        short count = (short) (zip64 ? -1 : names.size());
        out.putInt(0x06054b50).putInt(0).putShort(count).putShort(count).putInt(zip64 ? -1 : size)
                .putInt(zip64 ? -1 : start).putShort((short) 0);
        return this;
    }

    /** Overwrites 2 bytes. */
    ZipBuilder put16(int at, int value) {
        out.putShort(at, (short) value);
        return this;
    }

    /** Overwrites 4 bytes. */
    ZipBuilder put32(int at, int value) {
        out.putInt(at, value);
        return this;
    }

    /** Overwrites 8 bytes. */
    ZipBuilder put64(int at, long value) {
        out.putLong(at, value);
        return this;
    }

    /** Where the header of an entry begins. */
    int local(int entry) {
        return locals.get(entry);
    }

    /** Where the directory's record of an entry begins. */
    int central(int entry) {
        return centrals.get(entry);
    }

    int end64() {
        return end64;
    }

    int endRecord() {
        return end;
    }

    byte[] bytes() {
        return Arrays.copyOf(out.array(), out.position());
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
