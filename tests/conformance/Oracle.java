import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * Prints the result of the JDK's own {@link Properties} for a file.
 *
 * <p>{@code java Oracle.java FOLDER} writes the result for each {@code NAME.properties} of the
 * folder to {@code NAME.json}; {@code java Oracle.java} prints one line of JSON for each path on
 * standard input. Both need Java 17: older versions misread an escape at the end of a line.
 */
public final class Oracle {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private Oracle() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 1) {
            writeExpectations(Paths.get(arguments[0]));
        } else {
            printEach(path -> result(Files.readAllBytes(path)));
        }
    }

    /** One implementation's result for one file. */
    interface Reader {
        Json result(Path path) throws IOException;
    }

    /** Prints one line of JSON for each path on standard input. */
    static void printEach(Reader reader) throws IOException {
        BufferedReader paths =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream results = new PrintStream(System.out, false, "US-ASCII");
        for (String path = paths.readLine(); path != null; path = paths.readLine()) {
            results.print(reader.result(Paths.get(path)).text("", " ") + "\n");
            results.flush();
        }
    }

    private static void writeExpectations(Path folder) throws IOException {
        try (DirectoryStream<Path> cases = Files.newDirectoryStream(folder, "*.properties")) {
            for (Path input : cases) {
                String name = input.getFileName().toString().replaceAll("properties$", "json");
                String json = result(Files.readAllBytes(input)).text("\n", "\n") + "\n";
                Files.write(input.resolveSibling(name), json.getBytes(StandardCharsets.US_ASCII));
            }
        }
    }

    /** Returns the pairs that Properties reads, or its error. */
    private static Json result(byte[] file) throws IOException {
        if (Arrays.equals(Arrays.copyOf(file, 3), BYTE_ORDER_MARK)) {
            return Json.error("byte-order-mark", 1); // the one difference from the JDK
        }
        Properties pairs = load(file, file.length);
        return pairs == null
                ? Json.error("malformed-escape", lineOf(file, malformedEscape(file)))
                : Json.pairs(pairs);
    }

    /** Returns the pairs in the first {@code length} bytes, or null if Properties rejects them. */
    private static Properties load(byte[] file, int length) throws IOException {
        Properties pairs = new Properties();
        try {
            pairs.load(new ByteArrayInputStream(file, 0, length));
            return pairs;
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }

    /**
     * Returns the position of the malformed escape's backslash. The longest beginning of the file
     * that the JDK can load ends after it.
     */
    private static int malformedEscape(byte[] file) throws IOException {
        int length = file.length;
        while (load(file, length) == null) {
            length--;
        }
        return length - 1;
    }

    /** Returns the number, counted from 1, of the natural line that contains a byte. */
    private static int lineOf(byte[] file, int position) {
        int line = 1;
        for (int i = 0; i < position; i++) {
            if (file[i] == '\n' ? i == 0 || file[i - 1] != '\r' : file[i] == '\r') {
                line++;
            }
        }
        return line;
    }

    /** A result, in ASCII and sorted, so that equal results have equal bytes. */
    static final class Json {
        private final String kind;
        private final TreeMap<String, String> members = new TreeMap<>();

        private Json(String kind) {
            this.kind = kind;
        }

        static Json pairs(Map<?, ?> pairs) {
            Json json = new Json("pairs");
            pairs.forEach((key, value) -> json.members.put(key.toString(), quoted(value)));
            return json;
        }

        static Json error(String kind, int line) {
            Json json = new Json("error");
            json.members.put("kind", quoted(kind));
            json.members.put("line", Integer.toString(line));
            return json;
        }

        /** Returns the JSON; one separator surrounds the members, the other one is between them. */
        String text(String outer, String between) {
            StringBuilder text = new StringBuilder("{").append(quoted(kind)).append(": {");
            String before = outer;
            for (Map.Entry<String, String> member : members.entrySet()) {
                text.append(before).append(quoted(member.getKey())).append(": ");
                text.append(member.getValue());
                before = "," + between;
            }
            return text.append(members.isEmpty() ? "" : outer).append("}}").toString();
        }

        private static String quoted(Object value) {
            StringBuilder quoted = new StringBuilder("\"");
            for (char c : value.toString().toCharArray()) {
                if (c == '"' || c == '\\') {
                    quoted.append('\\').append(c);
                } else if (c < ' ' || c > '~') {
                    quoted.append(String.format("\\u%04x", (int) c));
                } else {
                    quoted.append(c);
                }
            }
            return quoted.append('"').toString();
        }
    }
}
