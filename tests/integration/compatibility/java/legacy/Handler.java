package legacy;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** Reads its config as Java always could. */
public final class Handler implements RequestHandler<List<String>, List<String>> {
    private final Properties properties = new Properties();

    /** Loads the config from the class path. */
    public Handler() {
        try {
            properties.load(Handler.class.getResourceAsStream("/env.properties"));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public List<String> handleRequest(List<String> names, Context context) {
        List<String> values = new ArrayList<>();
        for (String name : names) {
            values.add(properties.getProperty(name));
        }
        return values;
    }
}
