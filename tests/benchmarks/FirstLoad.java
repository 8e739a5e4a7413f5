import envproperties.EnvProperties;
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.Properties;

/**
 * Prints the seconds that the first load takes: by the reader, from the place that the environment
 * names, or by the JDK, from the class path or from a path.
 */
public final class FirstLoad {
    private FirstLoad() {}

    public static void main(String[] arguments) throws Exception {
        String way = arguments[0];
        System.getenv(); // as Lambda's runtime has done before any function's code
        long start = System.nanoTime();
        int size = way.equals("reader") ? EnvProperties.load().size() : byJdk(way, arguments[1]);
        long end = System.nanoTime();
        if (size != 60) {
            throw new AssertionError(size + " variables");
        }
        System.out.println((end - start) / 1e9);
    }

    private static int byJdk(String way, String path) throws Exception {
        Properties properties = new Properties();
        try (InputStream stream =
                way.equals("class path")
                        ? FirstLoad.class.getResourceAsStream("/env.properties")
                        : new FileInputStream(path)) {
            properties.load(stream);
        }
        return properties.size();
    }
}
