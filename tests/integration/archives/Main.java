import java.util.Properties;

/** Prints a config var that it reads from its own jar. */
final class Main {
  public static void main(String[] arguments) throws Exception {
    Properties config = new Properties();
    config.load(Main.class.getResourceAsStream("/env.properties"));
    System.out.println(config.getProperty("GREETING"));
  }
}
