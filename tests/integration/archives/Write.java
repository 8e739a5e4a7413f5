import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes a zip as a stream, with data descriptors, stored entries, comments and a folder. */
final class Write {
  public static void main(String[] arguments) throws Exception {
    try (OutputStream file = Files.newOutputStream(Path.of(arguments[0]));
        ZipOutputStream zip = new ZipOutputStream(file)) {
      zip.setComment("written by Java: \u00fc");
      zip.putNextEntry(new ZipEntry("folder/"));
      byte[] data = "a line\n".repeat(1000).getBytes();
      for (int i = 0; i < 200; i++) {
        ZipEntry entry = new ZipEntry("folder/\u00fc" + i);
        if (i % 3 == 0) {
          CRC32 crc = new CRC32();
          crc.update(data);
          entry.setMethod(ZipEntry.STORED);
          entry.setSize(data.length);
          entry.setCrc(crc.getValue());
        }
        if (i % 5 == 0) {
          entry.setComment("comment " + i);
        }
        zip.putNextEntry(entry);
        zip.write(data);
      }
      zip.putNextEntry(new ZipEntry("env.properties"));
      zip.write("OLD=config\n".getBytes());
    }
  }
}
