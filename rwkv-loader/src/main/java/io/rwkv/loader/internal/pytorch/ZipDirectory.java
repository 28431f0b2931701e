package io.rwkv.loader.internal.pytorch;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the entries of an uncompressed zip file lie. {@link java.util.zip.ZipFile} would read them but does not tell where
 * they are, and a mapped tensor needs to know. Source: PKWARE's APPNOTE.TXT 6.3, with ZIP64.
 *
 * <p>The central directory at the end is believed for sizes, as the headers before the data may leave them to a descriptor
 * after it. Everything is checked: entries lie within the file, do not overlap, are not compressed or encrypted, and
 * have distinct names. Checksums are not: reading gigabytes would cost more than everything else, and PyTorch can be
 * told not to compute them.
 */
public final class ZipDirectory {
    private static final int END_SIGNATURE = 0x06054b50;
    private static final int END64_SIGNATURE = 0x06064b50;
    private static final int LOCATOR_SIGNATURE = 0x07064b50;
    private static final int CENTRAL_SIGNATURE = 0x02014b50;
    private static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int END_SIZE = 22;
    private static final int END64_SIZE = 56;
    private static final int LOCATOR_SIZE = 20;
    private static final int CENTRAL_SIZE = 46;
    private static final int LOCAL_SIZE = 30;
    private static final int ZIP64_EXTRA = 1;
    private static final int ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13;

    private static final int U16_ELSEWHERE = 0xFFFF;
    private static final long U32_ELSEWHERE = 0xFFFFFFFFL;

    static final int MAX_DIRECTORY = MappedFile.MAX_SLICE;
    static final int MAX_ENTRIES = 100_000;

    /** One stored entry: its header's offset in the file, and its data's, end exclusive. */
    record Entry(String name, long header, long start, long end) {}

    /** The central directory's place. */
    private record Location(long offset, long size, long entries) {}

    private final MappedFile file;
    // Names are bytes, one char each: torch.save does not say in which charset.
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private ZipDirectory(MappedFile file) {
        this.file = file;
    }

    static ZipDirectory read(MappedFile file) {
        ZipDirectory zip = new ZipDirectory(file);
        zip.readEntries(zip.locate());
        zip.checkOverlaps();
        return zip;
    }

    /** The entry of this name, or null. */
    Entry get(String name) {
        return entries.get(name);
    }

    /** All entries in the directory's order. */
    Collection<Entry> entries() {
        return entries.values();
    }

    /** Finds the end record, which a comment of up to 64 kB may follow. */
    private Location locate() {
        int length = (int) Math.min(file.size(), END_SIZE + 0xFFFF);
        long start = file.size() - length;
        ByteBuffer tail = file.slice(start, length);
        for (int p = length - END_SIZE; p >= 0; p--) {
            if (tail.getInt(p) == END_SIGNATURE && p + END_SIZE + u16(tail, p + 20) == length) {
                return location(start + p);
            }
        }
        throw RwkvFormatException.inFile(file.path(), "expected a zip's end record in the last " + length
                + " bytes, found none: the file is truncated or damaged");
    }

    private Location location(long endAt) {
        ByteBuffer end = file.slice(endAt, END_SIZE);
        int count = u16(end, 10);
        long size = u32(end, 12);
        long offset = u32(end, 16);
        if (u16(end, 4) != 0 && u16(end, 4) != U16_ELSEWHERE) {
            throw fault(endAt, "expected a zip in one part, found part " + u16(end, 4));
        }
        long locatorAt = endAt - LOCATOR_SIZE;
        if (locatorAt < 0 || file.slice(locatorAt, LOCATOR_SIZE).getInt(0) != LOCATOR_SIGNATURE) {
            return checked(new Location(offset, size, count), endAt, endAt);
        }
        long end64At = file.slice(locatorAt, LOCATOR_SIZE).getLong(8);
        if (end64At < 0 || end64At > locatorAt - END64_SIZE
                || file.slice(end64At, END64_SIZE).getInt(0) != END64_SIGNATURE) {
            throw fault(locatorAt, "expected the offset of a ZIP64 end record, found " + end64At);
        }
        ByteBuffer end64 = file.slice(end64At, END64_SIZE);
        Location location = new Location(end64.getLong(48), end64.getLong(40), end64.getLong(32));
        if (!agrees(count, location.entries, U16_ELSEWHERE) || !agrees(size, location.size, U32_ELSEWHERE)
                || !agrees(offset, location.offset, U32_ELSEWHERE)) {
            throw fault(end64At, "expected the ZIP64 end record to agree with the end record (" + count + " entries, "
                    + size + " bytes at " + offset + "), found " + location.entries + " entries, " + location.size
                    + " bytes at " + location.offset);
        }
        return checked(location, end64At, end64At);
    }

    /** A number that does not fit its field is given as all ones. */
    private static boolean agrees(long narrow, long wide, long elsewhere) {
        return narrow == elsewhere || narrow == wide;
    }

    private Location checked(Location location, long end, long at) {
        if (location.size < 0 || location.offset < 0 || location.offset > end - location.size) {
            throw fault(at, "expected the zip's directory before the end record, found " + location.size
                    + " bytes at offset " + location.offset);
        }
        if (location.size > MAX_DIRECTORY || location.entries < 0 || location.entries > MAX_ENTRIES
                || location.entries > location.size / CENTRAL_SIZE) {
            throw fault(at, "expected a zip directory of at most " + MAX_DIRECTORY + " bytes and " + MAX_ENTRIES
                    + " entries, at least " + CENTRAL_SIZE + " bytes each, found " + location.entries + " entries in "
                    + location.size + " bytes");
        }
        return location;
    }

    private void readEntries(Location location) {
        ByteBuffer directory = file.slice(location.offset, (int) location.size);
        int p = 0;
        for (long i = 0; i < location.entries; i++) {
            long at = location.offset + p;
            int remaining = directory.limit() - p;
            if (remaining < CENTRAL_SIZE || directory.getInt(p) != CENTRAL_SIGNATURE) {
                throw fault(at, "expected the zip's directory entry " + i + " of " + location.entries
                        + ", found something else");
            }
            int length = CENTRAL_SIZE + u16(directory, p + 28) + u16(directory, p + 30) + u16(directory, p + 32);
            if (length > remaining) {
                throw fault(at, "expected a directory entry of " + length + " bytes, found " + remaining
                        + " to the end of the zip's directory");
            }
            Entry entry = entry(directory.slice(p, length).order(directory.order()), at, location.offset);
            if (entries.putIfAbsent(entry.name, entry) != null) {
                throw fault(at, "expected distinct zip entries, found " + entry.name + " twice");
            }
            p += length;
        }
        if (p != directory.limit()) {
            throw fault(location.offset + p, "expected the end of the zip's directory after " + location.entries
                    + " entries, found " + (directory.limit() - p) + " more bytes");
        }
    }

    private Entry entry(ByteBuffer central, long at, long directoryAt) {
        byte[] nameBytes = new byte[u16(central, 28)];
        central.get(CENTRAL_SIZE, nameBytes);
        String name = new String(nameBytes, StandardCharsets.ISO_8859_1);
        checkMethod(at, name, u16(central, 8), u16(central, 10));
        long stored = u32(central, 20);
        long size = u32(central, 24);
        long header = u32(central, 42);
        ByteBuffer wide = zip64(central, at, name);
        // The wide fields stand in this order, each only where the narrow one is all ones.
        size = size == U32_ELSEWHERE ? next(wide, at, name) : size;
        stored = stored == U32_ELSEWHERE ? next(wide, at, name) : stored;
        header = header == U32_ELSEWHERE ? next(wide, at, name) : header;
        if (stored != size) {
            throw fault(at, "expected zip entry " + name + " with one size, found " + stored + " stored bytes for "
                    + size);
        }
        if (header < 0 || header > directoryAt - LOCAL_SIZE
                || file.slice(header, LOCAL_SIZE).getInt(0) != LOCAL_SIGNATURE) {
            throw fault(at, "expected the offset of the header of zip entry " + name + ", found " + header);
        }
        ByteBuffer local = file.slice(header, LOCAL_SIZE);
        checkMethod(header, name, u16(local, 6), u16(local, 8));
        long nameAt = header + LOCAL_SIZE;
        // The extra part here differs from the directory's: PyTorch pads it so that the data is aligned.
        long start = nameAt + u16(local, 26) + u16(local, 28);
        if (size < 0 || start > directoryAt || size > directoryAt - start) {
            throw fault(header, "expected zip entry " + name + " before the zip's directory at " + directoryAt
                    + ", found " + size + " bytes at " + start);
        }
        if (u16(local, 26) != nameBytes.length
                || !file.slice(nameAt, nameBytes.length).equals(ByteBuffer.wrap(nameBytes))) {
            throw fault(header, "expected the name " + name + ", as in the zip's directory, found another");
        }
        return new Entry(name, header, start, start + size);
    }

    private void checkMethod(long at, String name, int flags, int method) {
        if ((flags & ENCRYPTED) != 0) {
            throw fault(at, "expected zip entry " + name + " not encrypted, found flags "
                    + Integer.toHexString(flags));
        }
        if (method != 0) {
            throw fault(at, "expected zip entry " + name + " stored (method 0), as torch.save writes, found it "
                    + (method == 8 ? "deflated" : "compressed") + " (method " + method + ")");
        }
    }

    /** The content of the ZIP64 part of a directory entry; empty if there is none. */
    private ByteBuffer zip64(ByteBuffer central, long at, String name) {
        int p = CENTRAL_SIZE + u16(central, 28);
        int end = p + u16(central, 30);
        while (p + 4 <= end) {
            int length = u16(central, p + 2);
            if (length > end - p - 4) {
                throw fault(at, "expected an extra field of " + length + " bytes in zip entry " + name + ", found "
                        + (end - p - 4));
            }
            if (u16(central, p) == ZIP64_EXTRA) {
                return central.slice(p + 4, length).order(central.order());
            }
            p += 4 + length;
        }
        return central.slice(end, 0);
    }

    private long next(ByteBuffer wide, long at, String name) {
        if (wide.remaining() < Long.BYTES) {
            throw fault(at, "expected the sizes of zip entry " + name + " in a ZIP64 extra field, found none");
        }
        return wide.getLong();
    }

    private void checkOverlaps() {
        List<Entry> byPlace = new ArrayList<>(entries.values());
        byPlace.sort(Comparator.comparingLong(Entry::header));
        for (int i = 1; i < byPlace.size(); i++) {
            Entry previous = byPlace.get(i - 1);
            Entry entry = byPlace.get(i);
            if (previous.end > entry.header) {
                throw fault(entry.header, "expected zip entries apart, found " + entry.name + " at " + entry.header
                        + " inside " + previous.name + ", which ends at " + previous.end);
            }
        }
    }

    private RwkvFormatException fault(long at, String detail) {
        return RwkvFormatException.atOffset(file.path(), at, detail);
    }

    private static int u16(ByteBuffer bytes, int p) {
        return bytes.getShort(p) & 0xFFFF;
    }

    private static long u32(ByteBuffer bytes, int p) {
        return bytes.getInt(p) & 0xFFFFFFFFL;
    }
}
