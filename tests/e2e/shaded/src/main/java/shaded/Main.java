package shaded;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.Properties;

/** Prints the jar's config as JSON, read as functions have always read it. */
public final class Main {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    try (InputStream in = Main.class.getResourceAsStream("/env.properties")) {
      properties.load(in);
    }
    System.out.write(new ObjectMapper().writeValueAsBytes(properties));
    System.out.flush();
  }
}
