package envproperties;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.NoSuchElementException;

/**
 * The root of all errors: a variable is not set or is of another type, or the file cannot be read.
 * No message holds a value or a line of the file.
 *
 * <p>It is a {@link NoSuchElementException}, as Java's own look-ups throw.
 */
public class EnvPropertiesException extends NoSuchElementException {
    private static final long serialVersionUID = 1;

    EnvPropertiesException(String message) {
        super(message);
    }

    // These return RuntimeException, so that the JVM can verify the other classes without loading
    // this one.

    static RuntimeException missing(String namesAre, String place) {
        return new EnvPropertiesException(
                namesAre + " not set in " + place + ", nor in the process environment");
    }

    static RuntimeException wrongType(String name, String wanted) {
        return new EnvPropertiesException(name + " is not " + wanted);
    }

    static RuntimeException unreadable(String place, Exception cause) {
        return new FileException("cannot read " + place + ": " + cause.getMessage(), 0, cause);
    }

    static RuntimeException malformedEscape(String place, int line) {
        String problem =
                "malformed escape (\\u takes 4 hexadecimal digits; for a backslash write \\\\)";
        return new FileException(place + ", line " + line + ": " + problem, line, null);
    }

    static RuntimeException byteOrderMark(String place) {
        String problem = "byte-order mark (save the file without one)";
        return new FileException(place + ", line 1: " + problem, 1, null);
    }

    /** Checks if the file may exist although it cannot be seen: a forbidden folder, a link loop. */
    static boolean isOutOfReach(File file) {
        try {
            Files.readAttributes(file.toPath(), BasicFileAttributes.class);
            return false;
        } catch (NoSuchFileException absent) {
            return false;
        } catch (IOException cause) {
            return true;
        }
    }

    /** The file cannot be read or is malformed. */
    public static final class FileException extends EnvPropertiesException {
        private static final long serialVersionUID = 1;

        private final int line;

        FileException(String message, int line, Throwable cause) {
            super(message);
            this.line = line;
            initCause(cause);
        }

        /** Returns the malformed line, counted from 1; 0 if the file cannot be read. */
        public int line() {
            return line;
        }
    }
}
