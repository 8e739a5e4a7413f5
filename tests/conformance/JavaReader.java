import envproperties.EnvProperties;
import envproperties.EnvPropertiesException;

import java.io.IOException;
import java.nio.file.Path;

/** Prints the result of the Java reader for each path on standard input, as Oracle does. */
public final class JavaReader {
    private JavaReader() {}

    public static void main(String[] arguments) throws IOException {
        Oracle.printEach(JavaReader::result);
    }

    private static Oracle.Json result(Path path) {
        try {
            return Oracle.Json.pairs(EnvProperties.load(path));
        } catch (EnvPropertiesException.FileException error) {
            boolean mark = error.getMessage().contains("byte-order mark");
            return Oracle.Json.error(mark ? "byte-order-mark" : "malformed-escape", error.line());
        }
    }
}
