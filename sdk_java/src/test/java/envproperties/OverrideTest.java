package envproperties;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** Other values in a test. */
@SuppressWarnings("try") // an override works by being open
class OverrideTest {
    @TempDir Path folder;

    private Map<String, String> file(String name, String content) throws IOException {
        Path file = Files.writeString(folder.resolve(name), content);
        return Map.of("ENV_PROPERTIES_FILE", file.toString());
    }

    @Test
    void anOverrideComesBeforeTheProcessEnvironmentAndEndsWhenItIsClosed() {
        String path = System.getenv("PATH");
        try (Overrides open = EnvProperties.override(Map.of("PATH", "other", "A", "1"))) {
            assertEquals("other", EnvProperties.get("PATH"));
            assertEquals("1", EnvProperties.require("A"));
            assertEquals("other", EnvProperties.env().get("PATH"));
            assertEquals("1", EnvProperties.env().get("A"));
            assertEquals(path, System.getenv("PATH"));
        }
        assertEquals(path, EnvProperties.get("PATH"));
        assertNull(EnvProperties.get("A"));
        assertFalse(EnvProperties.env().containsKey("A"));
    }

    @Test
    void aNullHidesAVariable() throws IOException {
        try (Overrides file = EnvProperties.override(file("f", "A=file\n"))) {
            assertEquals("file", EnvProperties.get("A"));
            Map<String, String> hidden = new HashMap<>();
            hidden.put("PATH", null);
            hidden.put("A", null);
            try (Overrides open = EnvProperties.override(hidden)) {
                assertNull(EnvProperties.get("PATH"));
                assertNull(EnvProperties.get("A"));
                assertEquals("default", EnvProperties.get("A", "default"));
                assertFalse(EnvProperties.env().containsKey("A"));
                assertFalse(EnvProperties.env().containsKey("PATH"));
            }
            assertEquals("file", EnvProperties.get("A"));
        }
    }

    @Test
    void theInnerOverrideCountsAndTheOrderOfClosingDoesNot() {
        Overrides outer = EnvProperties.override(Map.of("A", "outer", "B", "outer"));
        Overrides inner = EnvProperties.override(Map.of("A", "inner"));
        assertEquals("inner", EnvProperties.get("A"));
        assertEquals("outer", EnvProperties.get("B"));
        outer.close();
        assertEquals("inner", EnvProperties.get("A"));
        assertNull(EnvProperties.get("B"));
        inner.close();
        inner.close();
        assertNull(EnvProperties.get("A"));
    }

    @Test
    void theFileIsReadAgainInTheOverrideAndAfterIt() throws IOException {
        Map<String, String> first = file("first", "A=first\nFIRST=1\n");
        try (Overrides open = EnvProperties.override(first)) {
            assertEquals("first", EnvProperties.get("A"));
            file("first", "A=changed\n");
            assertEquals("first", EnvProperties.get("A"));
            try (Overrides inner = EnvProperties.override(Collections.emptyMap())) {
                assertEquals("changed", EnvProperties.get("A"));
            }
        }
        assertNull(EnvProperties.get("A"));
        try (Overrides open = EnvProperties.override(file("second", "A=second\n"))) {
            assertEquals("second", EnvProperties.get("A"));
            assertNull(EnvProperties.get("FIRST"));
            assertEquals(Map.of("A", "second"), EnvProperties.load());
        }
    }

    @Test
    void theValuesAreThoseOfTheCall() {
        Map<String, String> values = new HashMap<>(Map.of("A", "1"));
        try (Overrides open = EnvProperties.override(values)) {
            values.put("A", "2");
            assertEquals("1", EnvProperties.get("A"));
        }
    }

    @Test
    void noValueIsShownAsText() {
        try (Overrides open = EnvProperties.override(Map.of("A", "hidden"))) {
            assertTrue(EnvProperties.env().toString().contains("A"));
            assertFalse(EnvProperties.env().toString().contains("hidden"));
            assertFalse(open.toString().contains("hidden"));
        }
    }

    @Test
    void hiddenVariablesDoNotBecomeSystemProperties() throws IOException {
        Map<String, String> values = new HashMap<>(file("f", "env.properties.hidden=file\n"));
        values.put("env.properties.hidden", null);
        try (Overrides open = EnvProperties.override(values)) {
            EnvProperties.populateSystemProperties();
            assertNull(System.getProperty("env.properties.hidden"));
        }
    }
}
