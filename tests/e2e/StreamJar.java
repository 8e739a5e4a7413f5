import java.io.FileInputStream;
import java.util.jar.JarInputStream;
import java.util.zip.ZipEntry;

/** Reads a jar as a stream; prints its manifest's main class and its last entry. */
final class StreamJar {
  public static void main(String[] arguments) throws Exception {
    try (JarInputStream jar = new JarInputStream(new FileInputStream(arguments[0]))) {
      String last = "";
      for (ZipEntry entry; (entry = jar.getNextEntry()) != null; ) {
        last = entry.getName();
        while (jar.read(new byte[65536]) >= 0) {}
      }
      System.out.println(jar.getManifest().getMainAttributes().getValue("Main-Class"));
      System.out.println(last);
    }
  }
}
