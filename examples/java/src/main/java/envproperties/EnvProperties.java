// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: aaf011ad66a7acb7
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
import java.nio.file.Path;
import java.util.AbstractCollection;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The app's config: the process environment first, then the file {@code env.properties}.
 *
 * <p>The file is the one that {@code ENV_PROPERTIES_FILE} names, else the first that exists of
 * {@code /env.properties} on the class path, {@code $LAMBDA_TASK_ROOT/env.properties} and {@code
 * /opt/env.properties}. It is read once, at the first look-up of a variable that the process
 * environment does not have. If there is no file, the process environment alone is the config.
 *
 * <p>The methods for other types than text take blanks around a value as nothing (space, tab, line
 * ends, form feed, vertical tab). They throw {@link EnvPropertiesException} if a value is of another
 * type, and an empty value is of no type but a list. Their defaults are for variables that are not
 * set.
 *
 * <p>All methods may be called by several threads at once. All errors are of the class {@link
 * EnvPropertiesException}. Methods that read the file throw {@link
 * EnvPropertiesException.FileException} if it cannot be read or is malformed.
 */
public final class EnvProperties {
    private static final String FILE_NAME = "env.properties";
    private static final String FILE_VARIABLE = "ENV_PROPERTIES_FILE";

    private static volatile Contents file;

    /** In a test: values that come first, in which null hides a variable; null otherwise. */
    private static volatile Map<String, String> overrides;

    private EnvProperties() {}

    /** Returns the value of a variable, or null if it is not set. */
    public static String get(String name) {
        Map<String, String> overridden = overrides;
        if (overridden != null && overridden.containsKey(name)) {
            return overridden.get(name);
        }
        String value = System.getenv(name);
        return value != null ? value : file().get(name);
    }

    /** Returns the value of a variable, or {@code otherwise} if it is not set. */
    public static String get(String name, String otherwise) {
        String value = get(name);
        return value != null ? value : otherwise;
    }

    /**
     * Returns the value of a variable that the app cannot do without.
     *
     * @throws EnvPropertiesException if it is not set; the message names the places searched
     */
    public static String require(String name) {
        String value = get(name);
        if (value == null) {
            throw EnvPropertiesException.missing(name + " is", file().place);
        }
        return value;
    }

    /**
     * Returns the values of these variables as an unmodifiable map; as text it shows names only.
     *
     * @throws EnvPropertiesException if any of them is not set; the message names all of these
     */
    public static Map<String, String> requireAll(String... names) {
        Map<String, String> values = new LinkedHashMap<>();
        StringBuilder missing = new StringBuilder();
        int count = 0;
        for (String name : names) {
            String value = get(name);
            if (value == null && !values.containsKey(name)) {
                missing.append(count++ == 0 ? "" : ", ").append(name);
            }
            values.put(name, value);
        }
        if (count > 0) {
            missing.append(count == 1 ? " is" : " are");
            throw EnvPropertiesException.missing(missing.toString(), file().place);
        }
        return new Contents("required", values);
    }

    /** Returns an integer: decimal digits, with or without a sign. */
    public static int getInt(String name) {
        return (int) TypedValues.integer(name, require(name), Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /** Returns an integer, or {@code otherwise} if the variable is not set. */
    public static int getInt(String name, int otherwise) {
        return get(name) == null ? otherwise : getInt(name);
    }

    /** Returns an integer: decimal digits, with or without a sign. */
    public static long getLong(String name) {
        return TypedValues.integer(name, require(name), Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /** Returns an integer, or {@code otherwise} if the variable is not set. */
    public static long getLong(String name, long otherwise) {
        return get(name) == null ? otherwise : getLong(name);
    }

    /** Returns a number: decimal digits, with or without sign, point and exponent; finite. */
    public static double getDouble(String name) {
        return TypedValues.number(name, require(name));
    }

    /** Returns a number, or {@code otherwise} if the variable is not set. */
    public static double getDouble(String name, double otherwise) {
        return get(name) == null ? otherwise : getDouble(name);
    }

    /** Returns true for true, yes, on and 1, false for false, no, off and 0, in any case. */
    public static boolean getBoolean(String name) {
        return TypedValues.truth(name, require(name));
    }

    /** Returns a boolean, or {@code otherwise} if the variable is not set. */
    public static boolean getBoolean(String name, boolean otherwise) {
        return get(name) == null ? otherwise : getBoolean(name);
    }

    /**
     * Returns the items between commas, without blanks around them and without empty ones, as an
     * unmodifiable list.
     */
    public static List<String> getList(String name) {
        return TypedValues.list(require(name));
    }

    /** Returns the items between commas, or {@code otherwise} if the variable is not set. */
    public static List<String> getList(String name, List<String> otherwise) {
        return get(name) == null ? otherwise : getList(name);
    }

    /**
     * For tests: gives variables other values, or hides them where the value is null, until the
     * object that is returned is closed.
     *
     * <p>{@link System#getenv()} stays as it is. The file is read again at the next need, and again
     * after the end; {@code ENV_PROPERTIES_FILE} may be among the values. All threads see the same.
     */
    public static Overrides override(Map<String, String> values) {
        return new Overrides(values);
    }

    /** Takes other values for a test, or null at its end, and forgets the file. */
    static synchronized void setOverrides(Map<String, String> values) {
        overrides = values;
        file = null;
    }

    /** Returns all of the config, unmodifiable; as text it shows names only. */
    public static Map<String, String> env() {
        Map<String, String> pairs = new LinkedHashMap<>(file());
        pairs.putAll(System.getenv());
        Map<String, String> overridden = overrides;
        if (overridden != null) {
            pairs = Overrides.applied(overridden, pairs);
        }
        return new Contents("the process environment and " + file().place, pairs);
    }

    /**
     * Reads the file and returns its variables: unmodifiable, in the order of the lines, and empty
     * if there is no file. As text the map shows names only.
     */
    public static Map<String, String> load() {
        return find(process(), EnvProperties.class.getClassLoader());
    }

    /** Reads this file of the default file system, like {@link #load()}. */
    public static Map<String, String> load(Path path) {
        return read(path.toFile(), path.toString());
    }

    /**
     * Makes the variables of the file system properties, with the values that {@link #get} returns.
     * A system property that is set already stays.
     */
    public static void populateSystemProperties() {
        for (String name : file().keySet()) {
            String value = get(name);
            if (!name.isEmpty() && value != null && System.getProperty(name) == null) {
                System.setProperty(name, value);
            }
        }
    }

    /** The process environment, as overridden. */
    private static Map<String, String> process() {
        Map<String, String> overridden = overrides;
        Map<String, String> process = System.getenv();
        return overridden == null ? process : Overrides.applied(overridden, process);
    }

    // Not read in a static initializer: only the first look-up would throw its error.
    private static Contents file() {
        Contents known = file;
        return known != null ? known : readOnce();
    }

    private static synchronized Contents readOnce() {
        if (file == null) {
            file = find(process(), EnvProperties.class.getClassLoader());
        }
        return file;
    }

    // java.io opens the files: java.nio.file.Files loads forty classes, two milliseconds of a cold
    // start.

    static Contents find(Map<String, String> environment, ClassLoader classPath) {
        String named = environment.get(FILE_VARIABLE);
        if (named != null && !named.isEmpty()) {
            return read(new File(named), named + " (" + FILE_VARIABLE + ")");
        }
        // Classes on the boot class path have no class loader.
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
                if (candidate.exists() || EnvPropertiesException.isOutOfReach(candidate)) {
                    return read(candidate, candidate.getPath());
                }
                places += ", " + candidate;
            }
        }
        return new Contents(FILE_NAME + " (not found in " + places + ")", Collections.emptyMap());
    }

    private static Contents read(URL resource) {
        // Through its URL, a folder in the file's place would read as a list of its files.
        File path = resource.getProtocol().equals("file") ? fileOf(resource) : null;
        if (path != null) {
            return read(path, path.getPath());
        }
        String place = resource.toString();
        byte[] file;
        try (InputStream stream = uncached(resource)) {
            file = bytes(stream);
        } catch (Exception cause) {
            throw EnvPropertiesException.unreadable(place, cause);
        }
        return new Contents(place, parse(file, place));
    }

    /** Returns null if the path in the URL is not encoded: then the URL itself can be read. */
    private static File fileOf(URL resource) {
        try {
            return new File(URI.create(resource.toString()));
        } catch (IllegalArgumentException notEncoded) {
            return null;
        }
    }

    /** Without the cache of jars, which keeps a jar open and returns its old content once replaced. */
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
            throw EnvPropertiesException.unreadable(place, cause);
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
    // blanks that begin the next line) counts for nothing in any place.
    //
    // Bytes are compared by switch, not by named methods: this code runs once and interpreted, and
    // the calls would be a third of a first load.

    private static Map<String, String> parse(byte[] file, String place) {
        if (beginsWithByteOrderMark(file)) {
            throw EnvPropertiesException.byteOrderMark(place);
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

    /** Skips blank lines and comments. */
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
                    // In Properties, too, a backslash alone at the very end is the pair "" and "".
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
                // Inline, because it yields a character and a position: two functions that each
                // read the digits make a first load a seventh longer.
                int backslash = at;
                int unit = 0;
                at += 2;
                for (int i = 0; i < 4; i++) {
                    at = afterContinuations(file, at);
                    int digit = at < end ? Character.digit(file[at++] & 0xFF, 16) : -1;
                    if (digit < 0) {
                        throw EnvPropertiesException.malformedEscape(place, lineOf(file, backslash));
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

    /** The number, from 1, of the natural line that holds a byte. */
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

    /** An unmodifiable map that, like its views, shows names only as text. */
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
}
