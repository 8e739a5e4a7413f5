import java.io.FileInputStream;
import java.io.InputStream;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarInputStream;

/**
 * Reads each jar twice, by its directory and as a stream, with all checks that Java makes (CRC,
 * signatures); prints the number of entries of each, and if the stream begins with a manifest.
 */
final class ReadAll {
  public static void main(String[] jars) throws Exception {
    byte[] buffer = new byte[65536];
    for (String path : jars) {
      int listed = 0;
      try (JarFile jar = new JarFile(path, true)) {
        for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); listed++) {
          try (InputStream data = jar.getInputStream(entries.nextElement())) {
            while (data.read(buffer) >= 0) {}
          }
        }
      }
      int streamed = 0;
      try (JarInputStream jar = new JarInputStream(new FileInputStream(path), true)) {
        while (jar.getNextJarEntry() != null) {
          while (jar.read(buffer) >= 0) {}
          streamed++;
        }
        System.out.println(listed + " " + streamed + " " + (jar.getManifest() != null));
      }
    }
  }
}
