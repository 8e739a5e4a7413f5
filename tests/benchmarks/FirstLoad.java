import envproperties.EnvProperties;
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.Properties;

/** Prints the seconds that the first load takes: by the reader, or by the JDK from a path. */
public final class FirstLoad {
    private FirstLoad() {}

    public static void main(String[] arguments) throws Exception {
        boolean reader = arguments[0].equals("reader");
        System.getenv(); // as Lambda's runtime has done before any function's code
        long start = System.nanoTime();
        int size = reader ? EnvProperties.load().size() : byJdk(arguments[1]);
        long end = System.nanoTime();
        if (size != 60) {
            throw new AssertionError(size + " variables");
        }
        System.out.println((end - start) / 1e9);
    }

    private static int byJdk(String path) throws Exception {
        Properties properties = new Properties();
        try (InputStream stream = new FileInputStream(path)) {
            properties.load(stream);
        }
        return properties.size();
    }
}
