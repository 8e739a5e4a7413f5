package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import envproperties.EnvProperties;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Answers with the config that the function was deployed with. */
public final class Hello implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    /** Greets {@code name}, and shows that every value has arrived as it was set. */
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        Object name = event.getOrDefault("name", "World");
        Duration cacheTime = Duration.parse("PT" + EnvProperties.get("CACHE_TIME"));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("greeting", EnvProperties.get("GREETING") + " " + name);
        answer.put("shop", EnvProperties.get("SHOP_URL"));
        answer.put("cacheSeconds", cacheTime.getSeconds());
        answer.put("features", EnvProperties.get("FEATURES"));
        answer.put("signature", EnvProperties.get("SIGNATURE"));
        return answer;
    }
}
