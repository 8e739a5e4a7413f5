package envproperties;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import envproperties.EnvPropertiesException.FileException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** What the reader returns, where it looks for the file, and its errors. */
class EnvPropertiesTest {
    private static final Map<String, String> NO_VARIABLES = Collections.emptyMap();

    @TempDir Path folder;

    private Path write(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, content.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void writeJar(Path jar, String content) throws IOException {
        try (JarOutputStream entries = new JarOutputStream(Files.newOutputStream(jar))) {
            entries.putNextEntry(new JarEntry("env.properties"));
            entries.write(content.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    /** A class path of these folders and jars, and nothing else. */
    private static URLClassLoader classPath(Path... entries) throws IOException {
        URL[] urls = new URL[entries.length];
        for (int i = 0; i < entries.length; i++) {
            urls[i] = entries[i].toUri().toURL();
        }
        return new URLClassLoader(urls, null);
    }

    // The variables in a file

    @Test
    void keepsTheOrderOfTheLines() throws IOException {
        Map<String, String> pairs = EnvProperties.load(write("f", "b=1\na=2\nc=3\n"));
        assertEquals(List.of("b", "a", "c"), new ArrayList<>(pairs.keySet()));
        assertEquals(List.of("1", "2", "3"), new ArrayList<>(pairs.values()));
    }

    @Test
    void isAnOrdinaryMapWithoutMissingNames() throws IOException {
        Map<String, String> pairs = EnvProperties.load(write("f", "a=1\n"));
        assertEquals(Map.of("a", "1"), pairs);
        assertTrue(pairs.containsKey("a"));
        assertFalse(pairs.containsKey("b"));
        assertEquals(null, pairs.get("b"));
        assertEquals("other", pairs.getOrDefault("b", "other"));
    }

    @Test
    void cannotBeChanged() throws IOException {
        Map<String, String> pairs = EnvProperties.load(write("f", "a=1\n"));
        assertThrows(UnsupportedOperationException.class, () -> pairs.put("b", "2"));
        assertThrows(UnsupportedOperationException.class, () -> pairs.remove("a"));
        assertThrows(UnsupportedOperationException.class, pairs::clear);
        for (Collection<?> view : List.of(pairs.keySet(), pairs.values(), pairs.entrySet())) {
            assertThrows(UnsupportedOperationException.class, view::clear);
        }
        Map.Entry<String, String> entry = pairs.entrySet().iterator().next();
        assertThrows(UnsupportedOperationException.class, () -> entry.setValue("2"));
        assertEquals(Map.of("a", "1"), pairs);
    }

    @Test
    void showsNamesButNoValueAsText() throws IOException {
        Path file = write("f", "TOKEN=hidden\nURL=hidden\n");
        Map<String, String> pairs = EnvProperties.load(file);
        for (Object shown : List.of(pairs, pairs.entrySet(), pairs.values())) {
            assertEquals(file + ": [TOKEN, URL]", shown.toString());
        }
    }

    @Test
    void showsNoValueOfTheProcessEnvironmentAsText() {
        assertTrue(EnvProperties.env().containsKey("PATH"));
        assertEquals(System.getenv("PATH"), EnvProperties.env().get("PATH"));
        assertFalse(EnvProperties.env().toString().contains(System.getenv("PATH")));
    }

    @Test
    void readsATenMegabyteFile() throws IOException {
        StringBuilder content = new StringBuilder();
        for (int i = 0; content.length() < 10_000_000; i++) {
            content.append("KEY_").append(i).append("=a value \\u00e9 and its\\nsecond line\n");
        }
        Map<String, String> pairs = EnvProperties.load(write("f", content.toString()));
        assertEquals(content.chars().filter(c -> c == '\n').count(), pairs.size());
        assertEquals("a value \u00e9 and its\nsecond line", pairs.get("KEY_0"));
    }

    @Test
    void readsALineOfFiveMegabytes() throws IOException {
        String value = "v".repeat(5_000_000);
        assertEquals(value, EnvProperties.load(write("f", "key=" + value)).get("key"));
    }

    @Test
    void readsALineOfFiveMegabytesThatIsAllEscapes() throws IOException {
        String content = "key=" + "\\n".repeat(2_500_000);
        assertEquals("\n".repeat(2_500_000), EnvProperties.load(write("f", content)).get("key"));
    }

    @Test
    void readsALineContinuedOverFiveMegabytes() throws IOException {
        String content = "key=" + "v\\\n ".repeat(1_250_000);
        assertEquals("v".repeat(1_250_000), EnvProperties.load(write("f", content)).get("key"));
    }

    // Malformed files

    @Test
    void namesFileAndLineOfAMalformedEscapeButNoValue() throws IOException {
        Path file = write("f", "a=1\n\nTOKEN=hidden\\uhidden\n");
        FileException error = assertThrows(FileException.class, () -> EnvProperties.load(file));
        assertEquals(
                file
                        + ", line 3: malformed escape"
                        + " (\\u takes 4 hexadecimal digits; for a backslash write \\\\)",
                error.getMessage());
        assertEquals(3, error.line());
    }

    @Test
    void namesTheLineOfAnEscapeThatTheEndOfTheFileTruncates() throws IOException {
        Path file = write("f", "a=1\nb=" + "v".repeat(5_000_000) + "\\u00");
        FileException error = assertThrows(FileException.class, () -> EnvProperties.load(file));
        assertEquals(2, error.line());
    }

    @Test
    void refusesAByteOrderMark() throws IOException {
        Path file = write("f", "\u00ef\u00bb\u00bfa=1\n");
        FileException error = assertThrows(FileException.class, () -> EnvProperties.load(file));
        assertEquals(
                file + ", line 1: byte-order mark (save the file without one)",
                error.getMessage());
        assertEquals(1, error.line());
    }

    // Files that cannot be read

    @Test
    void namesAMissingFile() {
        Path file = folder.resolve("absent");
        FileException error = assertThrows(FileException.class, () -> EnvProperties.load(file));
        assertTrue(error.getMessage().startsWith("cannot read " + file + ": "));
        assertEquals(0, error.line());
        assertTrue(error.getCause() instanceof IOException);
    }

    @Test
    void namesAFolderInItsPlace() {
        FileException error = assertThrows(FileException.class, () -> EnvProperties.load(folder));
        assertTrue(error.getMessage().startsWith("cannot read " + folder + ": "));
    }

    @Test
    void namesAFileThatOpensAndCannotBeRead() {
        Path file = Paths.get("/proc/self/mem"); // its first page is never mapped
        assumeTrue(Files.exists(file), "no /proc on this system");
        FileException error = assertThrows(FileException.class, () -> EnvProperties.load(file));
        assertTrue(error.getMessage().startsWith("cannot read " + file + ": "));
    }

    // The places of the file

    @Test
    void theNamedFileComesFirst() throws IOException {
        Path named = write("named", "from=named\n");
        write("classes/env.properties", "from=class path\n");
        write("task/env.properties", "from=task root\n");
        Map<String, String> environment =
                Map.of(
                        "ENV_PROPERTIES_FILE", named.toString(),
                        "LAMBDA_TASK_ROOT", folder.resolve("task").toString());
        ClassLoader classPath = classPath(folder.resolve("classes"));
        assertEquals("named", EnvProperties.find(environment, classPath).get("from"));
    }

    @Test
    void theClassPathComesBeforeTheTaskRoot() throws IOException {
        write("classes/env.properties", "from=class path\n");
        write("task/env.properties", "from=task root\n");
        Map<String, String> environment =
                Map.of("LAMBDA_TASK_ROOT", folder.resolve("task").toString());
        ClassLoader classPath = classPath(folder.resolve("classes"));
        assertEquals("class path", EnvProperties.find(environment, classPath).get("from"));
    }

    @Test
    void theTaskRootComesNext() throws IOException {
        write("task/env.properties", "from=task root\n");
        Map<String, String> environment =
                Map.of("LAMBDA_TASK_ROOT", folder.resolve("task").toString());
        assertEquals("task root", EnvProperties.find(environment, classPath()).get("from"));
    }

    @Test
    void emptyVariablesNameNoPlace() throws IOException {
        write("classes/env.properties", "from=class path\n");
        Map<String, String> environment = Map.of("ENV_PROPERTIES_FILE", "", "LAMBDA_TASK_ROOT", "");
        ClassLoader classPath = classPath(folder.resolve("classes"));
        assertEquals("class path", EnvProperties.find(environment, classPath).get("from"));
    }

    @Test
    void aFolderWhoseNameNeedsEscapesInAUrlIsReadToo() throws IOException {
        write("a b+c%20\u00e9/env.properties", "from=class path\n");
        ClassLoader classPath = classPath(folder.resolve("a b+c%20\u00e9"));
        assertEquals("class path", EnvProperties.find(NO_VARIABLES, classPath).get("from"));
    }

    @Test
    void aFolderWhoseNameIsNotEscapedInItsUrlIsReadToo() throws IOException {
        write("a b[c]%/env.properties", "from=class path\n");
        URL url = new URL("file:" + folder.resolve("a b[c]%25") + "/");
        try (URLClassLoader classPath = new URLClassLoader(new URL[] {url}, null)) {
            assertEquals("class path", EnvProperties.find(NO_VARIABLES, classPath).get("from"));
        }
    }

    @Test
    void aReplacedJarIsReadAgainByANewClassLoader() throws IOException {
        Path jar = folder.resolve("function.jar");
        for (String content : List.of("from=jar\n", "from=another, longer jar\n")) {
            writeJar(jar, content);
            try (URLClassLoader classPath = classPath(jar)) {
                Map<String, String> pairs = EnvProperties.find(NO_VARIABLES, classPath);
                assertEquals(content.trim(), "from=" + pairs.get("from"));
            }
        }
    }

    @Test
    void aJarOnTheClassPathIsReadToo() throws IOException {
        Path jar = folder.resolve("function.jar");
        writeJar(jar, "from=jar\n");
        Map<String, String> pairs = EnvProperties.find(NO_VARIABLES, classPath(jar));
        assertEquals(Map.of("from", "jar"), pairs);
    }

    @Test
    void aMalformedFileInAJarIsNamedByItsUrl() throws IOException {
        Path jar = folder.resolve("function.jar");
        writeJar(jar, "TOKEN=hidden\\uhidden\n");
        ClassLoader classPath = classPath(jar);
        FileException error =
                assertThrows(
                        FileException.class, () -> EnvProperties.find(NO_VARIABLES, classPath));
        String url = "jar:" + jar.toUri().toURL() + "!/env.properties";
        assertTrue(error.getMessage().startsWith(url + ", line 1: "), error.getMessage());
    }

    @Test
    void aMissingFileIsNotAnError() throws IOException {
        assumeTrue(!Files.exists(Paths.get("/opt/env.properties")), "this machine has one");
        Map<String, String> environment = Map.of("LAMBDA_TASK_ROOT", folder.toString());
        Map<String, String> pairs = EnvProperties.find(environment, classPath());
        assertEquals(Map.of(), pairs);
        assertEquals(
                "env.properties (not found in $ENV_PROPERTIES_FILE, the class path, "
                        + folder
                        + "/env.properties, /opt/env.properties): []",
                pairs.toString());
    }

    @Test
    void aPlaceThatCannotBeExaminedIsAnError() throws IOException {
        Path circle = Files.createDirectories(folder.resolve("circle"));
        Files.createSymbolicLink(circle.resolve("env.properties"), Paths.get("env.properties"));
        Path noFolder = write("file", "");
        for (Path task : List.of(circle, noFolder)) {
            Map<String, String> environment = Map.of("LAMBDA_TASK_ROOT", task.toString());
            FileException error =
                    assertThrows(
                            FileException.class,
                            () -> EnvProperties.find(environment, classPath()));
            String place = task.resolve("env.properties").toString();
            assertTrue(error.getMessage().startsWith("cannot read " + place + ": "));
        }
    }

    @Test
    void aDanglingLinkIsNotAFile() throws IOException {
        Path link = folder.resolve("env.properties");
        Files.createSymbolicLink(link, folder.resolve("absent"));
        Map<String, String> environment = Map.of("LAMBDA_TASK_ROOT", folder.toString());
        assertEquals(Map.of(), EnvProperties.find(environment, classPath()));
    }

    @Test
    void aMissingFileThatIsNamedIsAnErrorWithTheVariable() {
        Path file = folder.resolve("absent");
        Map<String, String> environment = Map.of("ENV_PROPERTIES_FILE", file.toString());
        FileException error =
                assertThrows(
                        FileException.class, () -> EnvProperties.find(environment, classPath()));
        assertTrue(
                error.getMessage().startsWith("cannot read " + file + " (ENV_PROPERTIES_FILE): "));
    }

    @Test
    void aFolderInThePlaceOfTheFileIsAnErrorInEveryPlace() throws IOException {
        Path task = folder.resolve("task");
        Path inItsPlace = Files.createDirectories(task.resolve("env.properties"));
        Map<String, String> environment = Map.of("LAMBDA_TASK_ROOT", task.toString());
        for (ClassLoader classPath : List.of(classPath(), classPath(task))) {
            FileException error =
                    assertThrows(
                            FileException.class, () -> EnvProperties.find(environment, classPath));
            assertTrue(error.getMessage().startsWith("cannot read " + inItsPlace + ": "));
        }
    }
}
