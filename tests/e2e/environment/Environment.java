import java.util.Map;
import java.util.TreeMap;

/** A handler that does not know the packager: it returns its environment. */
public class Environment {
  public Map<String, String> main(Map<String, String> event) {
    Map<String, String> found = new TreeMap<>();
    for (Map.Entry<String, String> variable : System.getenv().entrySet()) {
      if (variable.getKey().startsWith(event.get("prefix"))) {
        found.put(variable.getKey(), variable.getValue());
      }
    }
    return found;
  }
}
