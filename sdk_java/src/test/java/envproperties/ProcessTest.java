package envproperties;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/** What an app sees: each test starts a process with a real environment and class path. */
class ProcessTest {
    private static final String JAVA =
            Paths.get(System.getProperty("java.home"), "bin", "java").toString();

    @TempDir Path folder;

    /** The app: executes its arguments in turn and prints each result. */
    static final class App {
        public static void main(String[] arguments) throws Exception {
            for (String argument : arguments) {
                String[] step = argument.split(" ", 2);
                try {
                    System.out.println(execute(step[0], step.length > 1 ? step[1] : ""));
                } catch (EnvPropertiesException error) {
                    System.out.println(
                            error.getClass().getSimpleName() + ": " + error.getMessage());
                }
            }
        }

        private static Object execute(String step, String operand) throws Exception {
            switch (step) {
                case "get":
                    return EnvProperties.get(operand);
                case "getOr":
                    return EnvProperties.get(operand, "default");
                case "require":
                    return EnvProperties.require(operand);
                case "env":
                    return EnvProperties.env().get(operand);
                case "names":
                    return new TreeSet<>(EnvProperties.load().keySet());
                case "populate":
                    EnvProperties.populateSystemProperties();
                    return "populated";
                case "property":
                    return System.getProperty(operand);
                case "delete":
                    Files.delete(Paths.get(operand));
                    return "deleted";
                case "threads":
                    return getInThreads(operand);
                default:
                    throw new IllegalArgumentException(step);
            }
        }

        private static Set<String> getInThreads(String name) throws InterruptedException {
            Set<String> values = ConcurrentHashMap.newKeySet();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                threads.add(new Thread(() -> values.add(EnvProperties.get(name))));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            return values;
        }
    }

    private Path write(String content) throws IOException {
        Path file = folder.resolve("env.properties");
        return Files.write(file, content.getBytes(StandardCharsets.ISO_8859_1));
    }

    private List<String> run(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        return run(List.of(JAVA), environment, arguments);
    }

    private List<String> run(
            List<String> java, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(java);
        command.addAll(List.of("-Dpresent=already", "-cp", "target/classes:target/test-classes"));
        command.add(App.class.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeAll(Set.of("ENV_PROPERTIES_FILE", "LAMBDA_TASK_ROOT"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        byte[] output = process.getInputStream().readAllBytes();
        assertEquals(0, process.waitFor(), () -> new String(output, StandardCharsets.UTF_8));
        return new String(output, StandardCharsets.UTF_8).lines().toList();
    }

    private Map<String, String> task(String... more) {
        Map<String, String> environment = new HashMap<>();
        environment.put("LAMBDA_TASK_ROOT", folder.toString());
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return environment;
    }

    @Test
    void theProcessEnvironmentComesBeforeTheFile() throws Exception {
        write("A=file\nB=file\nEMPTY=\n");
        assertEquals(
                List.of("process", "file", "", "null", "default", "file", "process", "file"),
                run(
                        task("A", "process"),
                        "get A",
                        "get B",
                        "get EMPTY",
                        "get ABSENT",
                        "getOr ABSENT",
                        "getOr B",
                        "env A",
                        "env B"));
    }

    @Test
    void aMissingVariableIsAnErrorThatNamesItAndThePlaces() throws Exception {
        Path file = write("A=file\n");
        assertEquals(
                List.of(
                        "file",
                        "EnvPropertiesException: ABSENT is not set in "
                                + file
                                + ", nor in the process environment"),
                run(task(), "require A", "require ABSENT"));
    }

    @Test
    void withoutAFileThePlacesAreNamed() throws Exception {
        assertEquals(
                List.of(
                        "process",
                        "EnvPropertiesException: ABSENT is not set in env.properties (not found in"
                                + " $ENV_PROPERTIES_FILE, the class path, "
                                + folder
                                + "/env.properties, /opt/env.properties), nor in the process"
                                + " environment",
                        "[]"),
                run(task("A", "process"), "require A", "require ABSENT", "names"));
    }

    @Test
    void theFileIsReadOnceAndOnlyLoadReadsItAgain() throws Exception {
        Path file = write("A=file\n");
        assertEquals(
                List.of("file", "[A]", "deleted", "file", "[]"),
                run(task(), "get A", "names", "delete " + file, "get A", "names"));
    }

    @Test
    void manyThreadsSeeTheSame() throws Exception {
        write("A=file\n");
        assertEquals(List.of("[file]"), run(task(), "threads A"));
    }

    @Test
    void aMalformedFileIsTheSameErrorAtEachLookUpAndHidesNoOtherVariable() throws Exception {
        Path file = write("A=hidden\nB=hidden\\u00\n");
        String error =
                "FileException: "
                        + file
                        + " (ENV_PROPERTIES_FILE), line 2: malformed escape"
                        + " (\\u takes 4 hexadecimal digits; for a backslash write \\\\)";
        assertEquals(
                List.of(error, error, "process"),
                run(
                        Map.of("ENV_PROPERTIES_FILE", file.toString(), "C", "process"),
                        "get A",
                        "require B",
                        "get C"));
    }

    @Test
    void aFileOrFolderWithoutPermissionIsAnError() throws Exception {
        Path file = write("A=hidden\n");
        // Root can read everything unless it drops that capability.
        List<String> java =
                System.getProperty("user.name").equals("root")
                        ? List.of(
                                "setpriv",
                                "--inh-caps=-all",
                                "--bounding-set=-dac_override,-dac_read_search",
                                JAVA)
                        : List.of(JAVA);
        Path folder = file.getParent();
        for (Path forbidden : List.of(file, folder)) {
            Set<PosixFilePermission> before = Files.getPosixFilePermissions(forbidden);
            Files.setPosixFilePermissions(forbidden, Set.of());
            try {
                List<String> shown = run(java, task(), "get A");
                assertEquals(1, shown.size());
                assertTrue(
                        shown.get(0).startsWith("FileException: cannot read " + file + ": "),
                        shown.get(0));
            } finally {
                Files.setPosixFilePermissions(forbidden, before);
            }
        }
    }

    @Test
    void theReaderWorksOnTheBootClassPath() throws Exception {
        write("A=file\n");
        List<String> java = List.of(JAVA, "-Xbootclasspath/a:target/classes");
        assertEquals(List.of("file"), run(java, task(), "get A"));
    }

    @Test
    void missingSystemPropertiesAreSet() throws Exception {
        write("A=file\nB=file\npresent=file\n=nameless\n");
        assertEquals(
                List.of("null", "populated", "process", "file", "already"),
                run(
                        task("A", "process"),
                        "property A",
                        "populate",
                        "property A",
                        "property B",
                        "property present"));
    }
}
