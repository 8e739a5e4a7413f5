package envproperties;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Other values for a test, from {@link EnvProperties#override} on until this is closed. */
public final class Overrides implements AutoCloseable {
    /** Those that are not closed; of two with the same variable the later one counts. */
    private static final List<Overrides> OPEN = new ArrayList<>();

    private final Map<String, String> values;

    Overrides(Map<String, String> values) {
        this.values = new HashMap<>(values);
        synchronized (OPEN) {
            OPEN.add(this);
            apply();
        }
    }

    /** Puts the values back that were there before. */
    @Override
    public void close() {
        synchronized (OPEN) {
            OPEN.remove(this);
            apply();
        }
    }

    private static void apply() {
        Map<String, String> merged = new HashMap<>();
        for (Overrides open : OPEN) {
            merged.putAll(open.values);
        }
        EnvProperties.setOverrides(OPEN.isEmpty() ? null : merged);
    }

    /** Returns the variables with these values instead of theirs, without those that are null. */
    static Map<String, String> applied(Map<String, String> values, Map<String, String> variables) {
        Map<String, String> applied = new LinkedHashMap<>(variables);
        applied.putAll(values);
        applied.values().removeAll(Collections.singleton(null));
        return applied;
    }
}
