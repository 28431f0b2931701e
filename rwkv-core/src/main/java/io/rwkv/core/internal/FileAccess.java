package io.rwkv.core.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.AclEntry;
import java.nio.file.attribute.AclFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Who may read and write a file, as far as its file system tells. Access lists that a file system has besides POSIX
 * permissions are not seen by Java, nor here. Immutable.
 *
 * @param posix null where there are no such permissions, or no file
 * @param acl null likewise; of Windows
 */
record FileAccess(PosixFileAttributes posix, List<AclEntry> acl) {
    private static final Set<PosixFilePermission> OWNER_ONLY = EnumSet.of(PosixFilePermission.OWNER_READ,
            PosixFilePermission.OWNER_WRITE);

    /** That of a file; an unknown one if there is no such file. */
    static FileAccess of(Path file) throws IOException {
        try {
            PosixFileAttributeView posix = Files.getFileAttributeView(file, PosixFileAttributeView.class);
            if (posix != null) {
                return new FileAccess(posix.readAttributes(), null);
            }
        } catch (NoSuchFileException e) {
            return new FileAccess(null, null);
        }
        try {
            AclFileAttributeView acl = Files.getFileAttributeView(file, AclFileAttributeView.class);
            return new FileAccess(null, acl == null ? null : acl.getAcl());
        } catch (IOException e) {
            return new FileAccess(null, null); // no such file, or no access lists on this disk
        }
    }

    /** Whether there was a file that told it. */
    boolean isKnown() {
        return posix != null || acl != null;
    }

    /** To make a file with that is to replace this one: nobody else may read it before {@link #applyTo}. */
    FileAttribute<?>[] whileWriting() {
        if (posix != null) {
            return new FileAttribute<?>[]{PosixFilePermissions.asFileAttribute(OWNER_ONLY)};
        }
        if (acl != null) {
            return new FileAttribute<?>[]{new FileAttribute<List<AclEntry>>() {
                @Override
                public String name() {
                    return "acl:acl";
                }

                @Override
                public List<AclEntry> value() {
                    return acl;
                }
            }};
        }
        return new FileAttribute<?>[0];
    }

    /** Gives a file the same access where this process may, and otherwise less. */
    void applyTo(Path file) {
        if (posix == null) {
            return; // an access list was given when the file was made
        }
        PosixFileAttributeView to = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        try {
            PosixFileAttributes own = to.readAttributes();
            boolean sameGroup = own.group().equals(posix.group()) || setGroup(to, posix.group());
            if (!own.owner().equals(posix.owner())) {
                setOwner(to, posix.owner());
            }
            // After the owner and group: changing these may reset it.
            to.setPermissions(sameGroup ? posix.permissions() : withoutGroup(posix.permissions()));
        } catch (IOException e) {
            // A file system without permissions of its own. The file keeps those it was made with.
        }
    }

    private static boolean setGroup(PosixFileAttributeView to, GroupPrincipal group) {
        try {
            to.setGroup(group);
            return true;
        } catch (IOException e) {
            return false; // one that this process is not in
        }
    }

    private static void setOwner(PosixFileAttributeView to, UserPrincipal owner) {
        try {
            to.setOwner(owner);
        } catch (IOException e) {
            // Only administrators may. The file belongs to the user who wrote it, like any other.
        }
    }

    /** Another group gets no more than everybody: what its members may was meant for the members of the first. */
    static Set<PosixFilePermission> withoutGroup(Set<PosixFilePermission> permissions) {
        Set<PosixFilePermission> out = EnumSet.noneOf(PosixFilePermission.class);
        out.addAll(permissions);
        if (!out.contains(PosixFilePermission.OTHERS_READ)) {
            out.remove(PosixFilePermission.GROUP_READ);
        }
        if (!out.contains(PosixFilePermission.OTHERS_WRITE)) {
            out.remove(PosixFilePermission.GROUP_WRITE);
        }
        if (!out.contains(PosixFilePermission.OTHERS_EXECUTE)) {
            out.remove(PosixFilePermission.GROUP_EXECUTE);
        }
        return out;
    }
}
