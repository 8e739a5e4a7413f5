package envproperties;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The reader returns for each case of tests/conformance what the JDK's own Properties returns. */
class ConformanceTest {
    private static final Path CASES = Paths.get("..", "tests", "conformance", "cases");

    @TestFactory
    Stream<DynamicTest> returnsWhatTheJdkReturns() throws IOException {
        assumeTrue(Files.exists(CASES), "the conformance cases are not part of this package");
        List<Path> inputs;
        try (Stream<Path> files = Files.list(CASES)) {
            inputs =
                    files.filter(file -> file.toString().endsWith(".properties"))
                            .sorted()
                            .collect(Collectors.toList());
        }
        assertFalse(inputs.isEmpty(), "no case in " + CASES);
        return inputs.stream()
                .map(input -> DynamicTest.dynamicTest(nameOf(input), () -> check(input)));
    }

    private static void check(Path input) throws IOException {
        Path expectation = input.resolveSibling(nameOf(input) + ".json");
        JsonObject expected =
                JsonParser.parseString(Files.readString(expectation)).getAsJsonObject();
        assertEquals(expected, result(input));
    }

    private static JsonObject result(Path input) {
        JsonObject result = new JsonObject();
        JsonObject members = new JsonObject();
        try {
            EnvProperties.load(input).forEach(members::addProperty);
            result.add("pairs", members);
        } catch (EnvPropertiesException.FileException error) {
            boolean mark = error.getMessage().contains("byte-order mark");
            members.addProperty("kind", mark ? "byte-order-mark" : "malformed-escape");
            members.addProperty("line", error.line());
            result.add("error", members);
        }
        return result;
    }

    private static String nameOf(Path input) {
        return input.getFileName().toString().replaceAll("\\.properties$", "");
    }
}
