// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: 116d58b3a3a1d08c
package envproperties;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.AbstractCollection;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/**
 * The app's config: the process environment first, then the file {@code env.properties}.
 *
 * <p>The file is the one that {@code ENV_PROPERTIES_FILE} names, else the first of {@code
 * /env.properties} on the class path, {@code $LAMBDA_TASK_ROOT/env.properties} and {@code
 * /opt/env.properties}. It is read once, when a variable is first looked up that the process
 * environment has not; where there is none, the process environment alone is the config.
 *
 * <p>All methods may be called by several threads at once. Those that read the file throw {@link
 * FileException} if it cannot be read or is malformed.
 */
public final class EnvProperties {
    private static final String FILE_NAME = "env.properties";
    private static final String FILE_VARIABLE = "ENV_PROPERTIES_FILE";

    private static volatile Contents file;

    private EnvProperties() {}

    /** The value of a variable, or null if there is none. */
    public static String get(String name) {
        String value = System.getenv(name);
        return value != null ? value : file().get(name);
    }

    /** The value of a variable, or {@code otherwise} if there is none. */
    public static String get(String name, String otherwise) {
        String value = get(name);
        return value != null ? value : otherwise;
    }

    /**
     * The value of a variable that the app cannot do without.
     *
     * @throws NoSuchElementException if there is none; the message says where it was looked for
     */
    public static String require(String name) {
        String value = get(name);
        if (value == null) {
            throw FileException.missing(name, file().place);
        }
        return value;
    }

    /** All of the config, unmodifiable; as text it shows names only. */
    public static Map<String, String> env() {
        Map<String, String> pairs = new LinkedHashMap<>(file());
        pairs.putAll(System.getenv());
        return new Contents("the process environment and " + file().place, pairs);
    }

    /**
     * What the file says, read anew: unmodifiable, in the order of the lines, and empty if there is
     * no file. As text it shows names only.
     */
    public static Map<String, String> load() {
        return find(System.getenv(), EnvProperties.class.getClassLoader());
    }

    /** What this file of the default file system says, like {@link #load()}. */
    public static Map<String, String> load(Path path) {
        return read(path.toFile(), path.toString());
    }

    /**
     * Makes the variables of the file system properties, with the values that {@link #get} has for
     * them. A system property that is there already stays.
     */
    public static void populateSystemProperties() {
        for (String name : file().keySet()) {
            if (!name.isEmpty() && System.getProperty(name) == null) {
                System.setProperty(name, get(name));
            }
        }
    }

    /** Not read in a static initializer: an error there would be told at the first look-up only. */
    private static Contents file() {
        Contents known = file;
        return known != null ? known : readOnce();
    }

    private static synchronized Contents readOnce() {
        if (file == null) {
            file = find(System.getenv(), EnvProperties.class.getClassLoader());
        }
        return file;
    }

    // Files are opened by java.io: java.nio.file.Files has forty classes to load, two milliseconds
    // of a cold start.

    static Contents find(Map<String, String> environment, ClassLoader classPath) {
        String named = environment.get(FILE_VARIABLE);
        if (named != null && !named.isEmpty()) {
            return read(new File(named), named + " (" + FILE_VARIABLE + ")");
        }
        // There is no class loader of what is on the boot class path.
        URL resource =
                classPath != null
                        ? classPath.getResource(FILE_NAME)
                        : ClassLoader.getSystemResource(FILE_NAME);
        if (resource != null) {
            return read(resource);
        }
        String places = "$" + FILE_VARIABLE + ", the class path";
        for (String folder : new String[] {environment.get("LAMBDA_TASK_ROOT"), "/opt"}) {
            if (folder != null && !folder.isEmpty()) {
                File candidate = new File(folder, FILE_NAME);
                if (candidate.exists() || FileException.isOutOfReach(candidate)) {
                    return read(candidate, candidate.getPath());
                }
                places += ", " + candidate;
            }
        }
        return new Contents(FILE_NAME + " (not found in " + places + ")", Collections.emptyMap());
    }

    private static Contents read(URL resource) {
        // A folder in the file's place would be no error: as a URL it reads as a list of files.
        File path = resource.getProtocol().equals("file") ? fileOf(resource) : null;
        if (path != null) {
            return read(path, path.getPath());
        }
        String place = resource.toString();
        byte[] file;
        try (InputStream stream = uncached(resource)) {
            file = bytes(stream);
        } catch (Exception cause) {
            throw FileException.unreadable(place, cause);
        }
        return new Contents(place, parse(file, place));
    }

    /** Null if whoever made the class loader has not encoded the path: as a URL it can be read. */
    private static File fileOf(URL resource) {
        try {
            return new File(URI.create(resource.toString()));
        } catch (IllegalArgumentException notEncoded) {
            return null;
        }
    }

    /** Not by the cache of jars: it would hold this one open, and answer from it once replaced. */
    private static InputStream uncached(URL resource) throws IOException {
        URLConnection connection = resource.openConnection();
        connection.setUseCaches(false);
        return connection.getInputStream();
    }

    private static Contents read(File path, String place) {
        byte[] file;
        try (InputStream stream = new FileInputStream(path)) {
            file = bytes(stream);
        } catch (Exception cause) { // SecurityException, too
            throw FileException.unreadable(place, cause);
        }
        return new Contents(place, parse(file, place));
    }

    private static byte[] bytes(InputStream stream) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] chunk = new byte[8192];
        for (int count; (count = stream.read(chunk)) > 0; ) {
            bytes.write(chunk, 0, count);
        }
        return bytes.toByteArray();
    }

    // The grammar is that of java.util.Properties. Each function goes from one position in the
    // file to another. A continuation (a backslash at the end of a line, that line end and the
    // blanks that begin the next line) counts for nothing, wherever it stands.
    //
    // Bytes are told apart by switch, not by methods with names: all of this runs once, and
    // interpreted, where a call takes longer than what it does: a third of a first load.

    private static Map<String, String> parse(byte[] file, String place) {
        if (beginsWithByteOrderMark(file)) {
            throw FileException.byteOrderMark(place);
        }
        Map<String, String> pairs = new LinkedHashMap<>();
        int key = startOfPair(file, 0);
        while (key < file.length) {
            int endOfKey = endOfKey(file, key);
            int value = startOfValue(file, endOfKey);
            int endOfValue = endOfValue(file, value);
            pairs.put(text(file, key, endOfKey, place), text(file, value, endOfValue, place));
            key = startOfPair(file, endOfValue);
        }
        return pairs;
    }

    private static boolean beginsWithByteOrderMark(byte[] file) {
        return file.length >= 3
                && file[0] == (byte) 0xEF
                && file[1] == (byte) 0xBB
                && file[2] == (byte) 0xBF;
    }

    /** Over blank lines and comments. */
    private static int startOfPair(byte[] file, int at) {
        while (at < file.length) {
            switch (file[at]) {
                case ' ':
                case '\t':
                case '\f':
                case '\n':
                case '\r':
                    at++;
                    break;
                case '#':
                case '!':
                    at = endOfLine(file, at);
                    break;
                case '\\':
                    // A backslash alone at the very end is a pair, "" and "", in Properties, too.
                    if (!isContinuation(file, at) || at + 2 >= file.length) {
                        return at;
                    }
                    at = afterContinuation(file, at);
                    break;
                default:
                    return at;
            }
        }
        return at;
    }

    private static int endOfLine(byte[] file, int at) {
        while (at < file.length && file[at] != '\n' && file[at] != '\r') {
            at++;
        }
        return at;
    }

    private static int endOfKey(byte[] file, int at) {
        while (at < file.length) {
            switch (file[at]) {
                case '=':
                case ':':
                case ' ':
                case '\t':
                case '\f':
                case '\n':
                case '\r':
                    return at;
                case '\\':
                    at = afterEscape(file, at);
                    break;
                default:
                    at++;
            }
        }
        return at;
    }

    private static int startOfValue(byte[] file, int at) {
        at = afterBlanks(file, at);
        boolean separator = at < file.length && (file[at] == '=' || file[at] == ':');
        return separator ? afterBlanks(file, at + 1) : at;
    }

    private static int endOfValue(byte[] file, int at) {
        while (at < file.length) {
            switch (file[at]) {
                case '\n':
                case '\r':
                    return at;
                case '\\':
                    at = afterEscape(file, at);
                    break;
                default:
                    at++;
            }
        }
        return at;
    }

    /** A key or a value without its escapes. */
    private static String text(byte[] file, int at, int end, String place) {
        for (int i = at; i < end; i++) {
            if (file[i] == '\\') {
                return unescaped(file, at, end, place);
            }
        }
        return new String(file, at, end - at, StandardCharsets.ISO_8859_1);
    }

    private static String unescaped(byte[] file, int at, int end, String place) {
        char[] text = new char[end - at];
        int length = 0;
        while (at < end) {
            if (file[at] != '\\') {
                text[length++] = (char) (file[at++] & 0xFF);
            } else if (isContinuation(file, at)) {
                at = afterContinuation(file, at);
            } else if (file[at + 1] != 'u') {
                text[length++] = escaped(file[at + 1]);
                at += 2;
            } else {
                // Here, as both a character and a position come of it: two functions that each go
                // over the digits make a first load a seventh longer.
                int backslash = at;
                int unit = 0;
                at += 2;
                for (int i = 0; i < 4; i++) {
                    at = afterContinuations(file, at);
                    int digit = at < end ? Character.digit(file[at++] & 0xFF, 16) : -1;
                    if (digit < 0) {
                        throw FileException.malformedEscape(place, lineOf(file, backslash));
                    }
                    unit = unit << 4 | digit;
                }
                text[length++] = (char) unit;
            }
        }
        return new String(text, 0, length);
    }

    private static char escaped(byte next) {
        switch (next) {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            default:
                return (char) (next & 0xFF);
        }
    }

    private static int afterBlanks(byte[] file, int at) {
        while (at < file.length) {
            switch (file[at]) {
                case ' ':
                case '\t':
                case '\f':
                    at++;
                    break;
                case '\\':
                    if (!isContinuation(file, at)) {
                        return at;
                    }
                    at = afterContinuation(file, at);
                    break;
                default:
                    return at;
            }
        }
        return at;
    }

    private static int afterEscape(byte[] file, int backslash) {
        return isContinuation(file, backslash) ? afterContinuation(file, backslash) : backslash + 2;
    }

    private static int afterContinuations(byte[] file, int at) {
        while (at < file.length && file[at] == '\\' && isContinuation(file, at)) {
            at = afterContinuation(file, at);
        }
        return at;
    }

    private static int afterContinuation(byte[] file, int backslash) {
        int at = backslash + 1;
        at += at + 1 < file.length && file[at] == '\r' && file[at + 1] == '\n' ? 2 : 1;
        while (at < file.length && isBlank(file[at])) {
            at++;
        }
        return Math.min(at, file.length);
    }

    private static boolean isContinuation(byte[] file, int backslash) {
        int at = backslash + 1;
        return at == file.length || file[at] == '\n' || file[at] == '\r';
    }

    private static boolean isBlank(byte next) {
        return next == ' ' || next == '\t' || next == '\f';
    }

    /** The number, from 1, of the natural line on which a byte stands. */
    private static int lineOf(byte[] file, int position) {
        int line = 1;
        for (int i = 0; i < position; i++) {
            boolean lineFeedOfCrlf = file[i] == '\n' && i > 0 && file[i - 1] == '\r';
            if ((file[i] == '\n' || file[i] == '\r') && !lineFeedOfCrlf) {
                line++;
            }
        }
        return line;
    }

    /** Pairs that nobody can change; as text they show names only, their views, too. */
    static final class Contents extends AbstractMap<String, String> {
        final String place;
        private final Map<String, String> pairs;

        Contents(String place, Map<String, String> pairs) {
            this.place = place;
            this.pairs = Collections.unmodifiableMap(pairs);
        }

        @Override
        public String get(Object name) {
            return pairs.get(name);
        }

        @Override
        public boolean containsKey(Object name) {
            return pairs.containsKey(name);
        }

        @Override
        public int size() {
            return pairs.size();
        }

        @Override
        public Set<String> keySet() {
            return pairs.keySet();
        }

        @Override
        public Collection<String> values() {
            return new AbstractCollection<String>() {
                @Override
                public Iterator<String> iterator() {
                    return pairs.values().iterator();
                }

                @Override
                public int size() {
                    return pairs.size();
                }

                @Override
                public String toString() {
                    return Contents.this.toString();
                }
            };
        }

        @Override
        public Set<Map.Entry<String, String>> entrySet() {
            return new AbstractSet<Map.Entry<String, String>>() {
                @Override
                public Iterator<Map.Entry<String, String>> iterator() {
                    return pairs.entrySet().iterator();
                }

                @Override
                public int size() {
                    return pairs.size();
                }

                @Override
                public String toString() {
                    return Contents.this.toString();
                }
            };
        }

        @Override
        public String toString() {
            return place + ": " + pairs.keySet();
        }
    }

    /** The file cannot be read or is malformed. The message holds no value and no line of it. */
    public static final class FileException extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final int line;

        FileException(String message, int line, Throwable cause) {
            super(message, cause);
            this.line = line;
        }

        /** The malformed line, counted from 1; 0 if the file cannot be read. */
        public int line() {
            return line;
        }

        /** Whether it might be there: what forbids to look, or leads in a circle, is no absence. */
        static boolean isOutOfReach(File file) {
            try {
                Files.readAttributes(file.toPath(), BasicFileAttributes.class);
                return false;
            } catch (NoSuchFileException absent) {
                return false;
            } catch (IOException cause) {
                return true;
            }
        }

        // As RuntimeException, so that verifying the other classes need load neither this one nor
        // those of the JDK.

        static RuntimeException missing(String name, String place) {
            return new NoSuchElementException(
                    name + " is neither in the process environment nor in " + place);
        }

        static RuntimeException unreadable(String place, Exception cause) {
            return new FileException("cannot read " + place + ": " + cause.getMessage(), 0, cause);
        }

        static RuntimeException malformedEscape(String place, int line) {
            String problem =
                    "\\u without four hexadecimal digits (is a backslash meant? write \\\\)";
            return new FileException(place + ", line " + line + ": " + problem, line, null);
        }

        static RuntimeException byteOrderMark(String place) {
            String problem = "a byte-order mark (save the file without one)";
            return new FileException(place + ", line 1: " + problem, 1, null);
        }
    }
}
