package envproperties;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** The values of variables as other types than text; loaded when one is first asked for. */
final class TypedValues {
    private TypedValues() {}

    static long integer(String name, String text, long least, long greatest) {
        try {
            long value = Long.parseLong(decimal(text));
            if (value >= least && value <= greatest) {
                return value;
            }
        } catch (NumberFormatException malformed) {
            // Not the cause of the error below: its message holds the text.
        }
        String range = "an integer from " + least + " to " + greatest;
        throw EnvPropertiesException.wrongType(name, range);
    }

    static double number(String name, String text) {
        try {
            double value = Double.parseDouble(decimal(text));
            if (!Double.isInfinite(value)) {
                return value;
            }
        } catch (NumberFormatException malformed) {
            // Not the cause of the error below: its message holds the text.
        }
        throw EnvPropertiesException.wrongType(name, "a number (example: 0.5)");
    }

    static boolean truth(String name, String text) {
        switch (trimmed(text).toLowerCase(Locale.ROOT)) {
            case "true":
            case "yes":
            case "on":
            case "1":
                return true;
            case "false":
            case "no":
            case "off":
            case "0":
                return false;
            default:
                String wanted = "a boolean (use true or false, yes or no, on or off, 1 or 0)";
                throw EnvPropertiesException.wrongType(name, wanted);
        }
    }

    static List<String> list(String text) {
        List<String> items = new ArrayList<>();
        for (String part : text.split(",")) {
            String item = trimmed(part);
            if (!item.isEmpty()) {
                items.add(item);
            }
        }
        return Collections.unmodifiableList(items);
    }

    /** Refuses what Java's parsers also take: other scripts' digits, NaN, 0x1p3, 1f, 1d. */
    private static String decimal(String text) {
        String trimmed = trimmed(text);
        for (int i = 0; i < trimmed.length(); i++) {
            if ("0123456789+-.eE".indexOf(trimmed.charAt(i)) < 0) {
                throw new NumberFormatException();
            }
        }
        return trimmed;
    }

    /** Removes the blanks at both ends. String.trim also removes control characters. */
    private static String trimmed(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isBlank(text.charAt(start))) {
            start++;
        }
        while (start < end && isBlank(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isBlank(char next) {
        return next == ' ' || (next >= '\t' && next <= '\r');
    }
}
