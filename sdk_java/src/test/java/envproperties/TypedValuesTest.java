package envproperties;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.stream.Stream;

/** The values of variables as other types, by the table that all readers share. */
@SuppressWarnings("try") // an override works by being open
class TypedValuesTest {
    private static final Path TABLE = Paths.get("..", "tests", "conformance", "typed.json");
    private static final String INT = "is not an integer from -2147483648 to 2147483647";
    private static final String LONG =
            "is not an integer from -9223372036854775808 to 9223372036854775807";

    /** Returns what a getter makes of a value. */
    private static <T> T read(Function<String, T> getter, String value) {
        try (Overrides open = EnvProperties.override(Map.of("VALUE", value))) {
            return getter.apply("VALUE");
        }
    }

    /** Checks that the error is the root itself, shows this message and has no cause. */
    private static void assertRefused(Function<String, ?> getter, String value, String message) {
        EnvPropertiesException error =
                assertThrows(EnvPropertiesException.class, () -> read(getter, value));
        assertEquals("VALUE " + message, error.getMessage());
        assertNull(error.getCause());
        assertEquals(0, error.getSuppressed().length);
    }

    private static JsonObject table(String type) throws IOException {
        assumeTrue(Files.exists(TABLE), "the table of types is not part of this package");
        return JsonParser.parseString(Files.readString(TABLE)).getAsJsonObject().getAsJsonObject(type);
    }

    private static Stream<DynamicTest> tests(
            String type, Function<String, ?> getter, Function<JsonElement, ?> expected, String error)
            throws IOException {
        JsonObject cases = table(type);
        assertFalse(cases.getAsJsonArray("good").isEmpty());
        Stream<DynamicTest> good =
                elements(cases.getAsJsonArray("good"))
                        .map(JsonElement::getAsJsonArray)
                        .map(
                                pair ->
                                        DynamicTest.dynamicTest(
                                                pair.get(0).toString(),
                                                () ->
                                                        assertEquals(
                                                                expected.apply(pair.get(1)),
                                                                read(
                                                                        getter,
                                                                        pair.get(0)
                                                                                .getAsString()))));
        Stream<DynamicTest> bad =
                elements(cases.getAsJsonArray("bad"))
                        .map(
                                value ->
                                        DynamicTest.dynamicTest(
                                                value.toString(),
                                                () ->
                                                        assertRefused(
                                                                getter,
                                                                value.getAsString(),
                                                                error)));
        return Stream.concat(good, bad);
    }

    private static Stream<JsonElement> elements(JsonArray array) {
        List<JsonElement> elements = new ArrayList<>();
        array.forEach(elements::add);
        return elements.stream();
    }

    @TestFactory
    Stream<DynamicTest> getInt() throws IOException {
        return tests("integer", EnvProperties::getInt, JsonElement::getAsInt, INT);
    }

    @TestFactory
    Stream<DynamicTest> getLong() throws IOException {
        return tests("integer", EnvProperties::getLong, JsonElement::getAsLong, LONG);
    }

    @TestFactory
    Stream<DynamicTest> getDouble() throws IOException {
        String error = table("number").get("error").getAsString();
        return tests("number", EnvProperties::getDouble, JsonElement::getAsDouble, error);
    }

    @TestFactory
    Stream<DynamicTest> getBoolean() throws IOException {
        String error = table("boolean").get("error").getAsString();
        return tests("boolean", EnvProperties::getBoolean, JsonElement::getAsBoolean, error);
    }

    @TestFactory
    Stream<DynamicTest> getList() throws IOException {
        return tests("list", EnvProperties::getList, TypedValuesTest::strings, "");
    }

    private static List<String> strings(JsonElement array) {
        List<String> strings = new ArrayList<>();
        array.getAsJsonArray().forEach(item -> strings.add(item.getAsString()));
        return strings;
    }

    @Test
    void anIntegerHasTheRangeOfItsType() {
        int greatest = read(EnvProperties::getInt, "2147483647");
        assertEquals(Integer.MAX_VALUE, greatest);
        assertRefused(EnvProperties::getInt, "2147483648", INT);
        assertRefused(EnvProperties::getInt, "-2147483649", INT);
        long least = read(EnvProperties::getLong, "-9223372036854775808");
        assertEquals(Long.MIN_VALUE, least);
        assertRefused(EnvProperties::getLong, "9223372036854775808", LONG);
        assertRefused(EnvProperties::getInt, "9".repeat(5_000), INT);
    }

    @Test
    void aListCannotBeChanged() {
        List<String> items = read(EnvProperties::getList, "a,b");
        assertThrows(UnsupportedOperationException.class, () -> items.add("c"));
    }

    @Test
    void aDefaultIsForAVariableThatIsNotSet() {
        assertEquals(80, EnvProperties.getInt("ABSENT", 80));
        assertEquals(81L, EnvProperties.getLong("ABSENT", 81));
        assertEquals(0.5, EnvProperties.getDouble("ABSENT", 0.5));
        assertEquals(true, EnvProperties.getBoolean("ABSENT", true));
        assertEquals(List.of("a"), EnvProperties.getList("ABSENT", List.of("a")));
        Map<String, String> values = Map.of("INT", "1", "BOOL", "no", "LIST", "x", "EMPTY", "");
        try (Overrides open = EnvProperties.override(values)) {
            assertEquals(1, EnvProperties.getInt("INT", 80));
            assertEquals(1L, EnvProperties.getLong("INT", 81));
            assertEquals(1.0, EnvProperties.getDouble("INT", 0.5));
            assertEquals(false, EnvProperties.getBoolean("BOOL", true));
            assertEquals(List.of("x"), EnvProperties.getList("LIST", List.of("a")));
            assertEquals(List.of(), EnvProperties.getList("EMPTY", List.of("a")));
            for (Function<String, ?> getter :
                    List.<Function<String, ?>>of(
                            name -> EnvProperties.getInt(name, 80),
                            name -> EnvProperties.getLong(name, 81),
                            name -> EnvProperties.getDouble(name, 0.5),
                            name -> EnvProperties.getBoolean(name, true))) {
                assertThrows(EnvPropertiesException.class, () -> getter.apply("EMPTY"));
            }
        }
    }

    @Test
    void withoutADefaultAMissingVariableIsAnErrorThatNamesIt() {
        for (Function<String, ?> getter :
                List.<Function<String, ?>>of(
                        EnvProperties::getInt,
                        EnvProperties::getLong,
                        EnvProperties::getDouble,
                        EnvProperties::getBoolean,
                        EnvProperties::getList)) {
            NoSuchElementException error =
                    assertThrows(EnvPropertiesException.class, () -> getter.apply("ABSENT"));
            assertEquals(0, error.getMessage().indexOf("ABSENT is not set in "));
        }
    }

    @Test
    void requireAllReturnsTheValuesAndShowsNamesOnly() {
        try (Overrides open = EnvProperties.override(Map.of("A", "one", "B", ""))) {
            Map<String, String> values = EnvProperties.requireAll("B", "A", "B");
            assertEquals(Map.of("A", "one", "B", ""), values);
            assertEquals(Arrays.asList("B", "A"), new ArrayList<>(values.keySet()));
            assertFalse(values.toString().contains("one"));
            assertThrows(UnsupportedOperationException.class, values::clear);
        }
        assertEquals(Collections.emptyMap(), EnvProperties.requireAll());
    }

    @Test
    void requireAllNamesEveryMissingVariableOnce() {
        try (Overrides open = EnvProperties.override(Map.of("A", "secret"))) {
            EnvPropertiesException error =
                    assertThrows(
                            EnvPropertiesException.class,
                            () -> EnvProperties.requireAll("NONE", "A", "OTHER", "NONE"));
            assertEquals(0, error.getMessage().indexOf("NONE, OTHER are not set in "));
            assertFalse(error.getMessage().contains("secret"));
            EnvPropertiesException one =
                    assertThrows(
                            EnvPropertiesException.class,
                            () -> EnvProperties.requireAll("A", "NONE"));
            assertEquals(0, one.getMessage().indexOf("NONE is not set in "));
        }
    }
}
