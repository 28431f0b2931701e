import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Prints the home of the JDK to build with for a Java release, or nothing where there is none:
 * {@code java FindJdk.java 25}. It takes what the environment variable {@code JDK25_HOME} names, else the oldest JDK that is
 * new enough, of Maven's own, that of {@code JAVA_HOME}, and those in the folders that the file {@code jdk-folders} beside
 * this one lists. The twin of {@code jdks.sh}, for systems without bash.
 */
final class FindJdk {
    private static final Pattern VERSION = Pattern.compile("(?m)^JAVA_VERSION=\"(\\d+)");

    private FindJdk() {
    }

    public static void main(String[] args) throws IOException {
        int least = Integer.parseInt(args[0]);
        String variable = "JDK" + least + "_HOME";
        String named = System.getenv(variable);
        if (named != null && !named.isEmpty()) {
            if (version(Path.of(named)) < least) {
                System.err.println(variable + ": expected the folder of a JDK " + least + " or later, found " + named);
                System.exit(1);
            }
            System.out.println(named);
            return;
        }
        Path best = null;
        for (Path home : candidates(Path.of(args[1]))) {
            int version = version(home);
            if (version >= least && (best == null || version < version(best))) {
                best = home;
            }
        }
        System.out.println(best == null ? "" : best);
    }

    private static List<Path> candidates(Path folders) throws IOException {
        List<Path> homes = new ArrayList<>();
        homes.add(Path.of(System.getProperty("java.home")));
        String home = System.getenv("JAVA_HOME");
        if (home != null && !home.isEmpty()) {
            homes.add(Path.of(home));
        }
        for (String line : Files.readAllLines(folders)) {
            String folder = line.startsWith("~") ? System.getProperty("user.home") + line.substring(1) : line;
            homes.addAll(expand(folder));
        }
        return homes;
    }

    /** What a path with one name that holds a {@code *} stands for. */
    private static List<Path> expand(String path) {
        int star = path.indexOf('*');
        int begin = path.lastIndexOf('/', star) + 1;
        int end = path.indexOf('/', star);
        String rest = end < 0 ? "" : path.substring(end + 1);
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> names = Files.newDirectoryStream(Path.of(path.substring(0, begin)),
                path.substring(begin, end < 0 ? path.length() : end))) {
            names.forEach(name -> found.add(name.resolve(rest)));
        } catch (IOException e) {
            return List.of(); // no such folder here
        }
        found.sort(null);
        return found;
    }

    /** The Java release of the JDK in this folder, 0 if there is none. */
    private static int version(Path home) {
        if (!Files.exists(home.resolve("bin/javac")) && !Files.exists(home.resolve("bin/javac.exe"))) {
            return 0;
        }
        try {
            Matcher version = VERSION.matcher(Files.readString(home.resolve("release")));
            return version.find() ? Integer.parseInt(version.group(1)) : 0;
        } catch (IOException e) {
            return 0;
        }
    }
}
