import envproperties.EnvProperties;
import envproperties.EnvPropertiesException;
import envproperties.Overrides;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Prints the typed values in Java for each text on standard input, as typed_python.py does. */
public final class TypedJava {
    private TypedJava() {}

    public static void main(String[] arguments) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < line.length(); i += 4) {
                text.append((char) Integer.parseInt(line.substring(i, i + 4), 16));
            }
            Overrides override =
                    EnvProperties.override(Collections.singletonMap("VALUE", text.toString()));
            System.out.printf(
                    "{\"integer\": %s, \"number\": %s, \"boolean\": %s, \"list\": %s}%n",
                    json(EnvProperties::getLong),
                    json(EnvProperties::getDouble),
                    json(EnvProperties::getBoolean),
                    json(name -> quoted(EnvProperties.getList(name))));
            override.close();
        }
    }

    private static String json(Function<String, ?> getter) {
        try {
            return getter.apply("VALUE").toString();
        } catch (EnvPropertiesException error) {
            return "null";
        }
    }

    private static List<String> quoted(List<String> items) {
        return items.stream().map(TypedJava::quoted).collect(Collectors.toList());
    }

    private static String quoted(String item) {
        return item.chars()
                .mapToObj(unit -> String.format("\\u%04x", unit))
                .collect(Collectors.joining("", "\"", "\""));
    }
}
