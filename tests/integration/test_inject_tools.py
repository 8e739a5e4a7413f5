"""Archives that common tools write, with a config added, are read by those tools."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from packager.errors import ArchiveError
from packager.package.inject import NewFile, inject
from tests.archives import Part, contents, craft, is_accepted
from tests.commands import run
from tests.conftest import cached, requires

ENTRY = "env.properties"
CONFIG = b"GREETING=hello\n" * 20
PROGRAMS = Path(__file__).parent / "archives"


@pytest.fixture(scope="session")
def published() -> list[Path]:
    """Published jars from Maven Central."""

    def download(folder: Path) -> None:
        shutil.copy(PROGRAMS / "pom.xml", folder)
        run("mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars", cwd=folder)

    jars = sorted((cached("published-jars", PROGRAMS, download) / "jars").glob("*.jar"))
    assert len(jars) == 5
    return jars


def inject_and_check(source: Path, new: Path) -> None:
    """Add the config; check that nothing else changes and that every tool accepts the result."""
    before = source.read_bytes()
    inject(source, new, NewFile(ENTRY, CONFIG))
    assert source.read_bytes() == before
    *others, added = contents(new)
    assert others == [kept for kept in contents(source) if kept.name != ENTRY]
    assert added.name == ENTRY
    with zipfile.ZipFile(new) as package:
        assert package.read(ENTRY) == CONFIG
    assert b"OLD=config" not in new.read_bytes()
    is_accepted(new, like=source)


@requires("mvn", "java", "jar", "zip", "unzip")
def test_entries_of_published_jars_are_unchanged(published: list[Path], tmp_path: Path) -> None:
    new = [tmp_path / jar.name for jar in published]
    for jar, package in zip(published, new, strict=True):
        inject_and_check(jar, package)
    before, after = (
        run("java", PROGRAMS / "ReadAll.java", *jars).split() for jars in (published, new)
    )
    assert [int(count) + 1 for count in before[0::3]] == [int(count) for count in after[0::3]]
    assert [int(count) + 1 for count in before[1::3]] == [int(count) for count in after[1::3]]
    assert before[2::3] == after[2::3] == ["true"] * len(published)


@requires("mvn", "jarsigner")
def test_a_signed_jar_keeps_its_signature(published: list[Path], tmp_path: Path) -> None:
    (signed,) = (jar for jar in published if jar.name.startswith("bcprov"))
    inject(signed, tmp_path / "signed.jar", NewFile(ENTRY, CONFIG))
    assert "jar verified." in run("jarsigner", "-verify", tmp_path / "signed.jar")


@requires("mvn")
def test_a_jar_truncated_anywhere_is_refused(published: list[Path], tmp_path: Path) -> None:
    largest = max(published, key=lambda jar: jar.stat().st_size)
    cut = shutil.copyfile(largest, tmp_path / "cut.jar")
    for length in range(largest.stat().st_size // 65536 * 65536, -1, -65536):
        os.truncate(cut, length)
        with pytest.raises(ArchiveError, match=r"cut\.jar"):
            inject(cut, tmp_path / "new.jar", NewFile(ENTRY, CONFIG))
    assert not (tmp_path / "new.jar").exists()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to be archived, with an older config in it."""
    folder = tmp_path / "folder"
    (folder / "com").mkdir(parents=True)
    (folder / "com" / "numbers.txt").write_text("\n".join(map(str, range(9999))))
    (folder / "com" / "random.bin").write_bytes(os.urandom(5000))
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("run.sh")
    (folder / ENTRY).write_text("OLD=config\n")
    return folder


MADE: dict[str, str] = {
    "zip": "zip -qry ../made.zip .",
    "zip-stored": "zip -qry0 ../made.zip .",
    "zip-stream": "zip -qr - com run.sh env.properties | cat > ../made.zip",
    "zip-zip64": "zip -qryfz ../made.zip .",
    "zip-comment": "zip -qry ../made.zip . && echo a comment | zip -qz ../made.zip > /dev/null",
    "zip-script": "zip -qry ../z.zip . && (echo '#!/bin/sh'; cat ../z.zip) > ../made.zip",
    "zip-script-adjusted": "zip -qry ../z.zip . && (echo '#!/bin/sh'; cat ../z.zip) > ../made.zip"
    " && zip -qA ../made.zip",
    "zip-without-its-entry": "zip -qry ../made.zip . && zip -qd ../made.zip env.properties",
    "jar": "jar cf ../made.zip .",
    "jar-stored": "jar cf0 ../made.zip .",
    "jar-updated": "jar cf ../made.zip com && jar uf ../made.zip run.sh env.properties",
    "python": "python3 -m zipfile -c ../made.zip com run.sh env.properties",
    "java": f"java '{PROGRAMS / 'Write.java'}' ../made.zip",
}


@requires("zip", "unzip", "jar", "java", "python3")
@pytest.mark.parametrize("command", MADE.values(), ids=MADE)
def test_entries_of_archives_of_other_tools_are_unchanged(
    command: str, folder: Path, tmp_path: Path
) -> None:
    run("bash", "-c", command, cwd=folder)
    inject_and_check(tmp_path / "made.zip", tmp_path / "new.zip")


@requires("java", "javac", "jar", "zip", "unzip")
def test_a_jar_that_can_be_run_reads_its_config(tmp_path: Path) -> None:
    run("javac", "-d", tmp_path / "classes", PROGRAMS / "Main.java")
    run("jar", "cfe", tmp_path / "main.jar", "Main", "-C", tmp_path / "classes", ".")
    inject_and_check(tmp_path / "main.jar", tmp_path / "new.jar")
    assert run("java", "-jar", tmp_path / "new.jar") == "hello\n"


@requires("unzip", "zip", "jar", "java")
def test_an_archive_that_needs_zip64_for_its_entries_is_readable(tmp_path: Path) -> None:
    source = tmp_path / "many.jar"
    manifest = Part(b"META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n")
    parts = [manifest, *(Part(b"%d" % number, deflated=True) for number in range(65534))]
    source.write_bytes(craft(*parts, zip64=True))
    inject_and_check(source, tmp_path / "new.jar")
    counts = run("java", PROGRAMS / "ReadAll.java", tmp_path / "new.jar").split()
    assert counts == ["65536", "65535", "true"]


def enough_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed and os.environ.get("REQUIRE_ALL") != "1":
        pytest.skip(f"needs {needed >> 30} GB in {folder}")


@requires("unzip")
@pytest.mark.parametrize("hole", [(1 << 32) - 200, (1 << 32) + 200])
def test_an_archive_that_needs_zip64_for_its_offsets_is_readable(hole: int, tmp_path: Path) -> None:
    """A sparse file whose end is just before or after 4 GiB, the limit of 32 bits."""
    enough_room(tmp_path, 6 << 30)
    source, new = tmp_path / "large.zip", tmp_path / "new.zip"
    with source.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("first.txt", "before the hole")
        file.seek(hole)
        archive.start_dir = hole
        archive.writestr("last.txt", "x" * 100)
    inject(source, new, NewFile(ENTRY, CONFIG))
    with zipfile.ZipFile(new) as package:
        assert package.namelist() == ["first.txt", "last.txt", ENTRY]
        assert [len(package.read(name)) for name in package.namelist()] == [15, 100, len(CONFIG)]
        assert package.getinfo(ENTRY).header_offset > hole
    assert b"PK\6\7" in tail(new)
    run("unzip", "-tqq", new)
    new.unlink()


def tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-200, os.SEEK_END)
        return file.read()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_a_package_on_another_file_system_is_the_same(tmp_path: Path) -> None:
    source, new = tmp_path / "source.jar", tmp_path / "new.jar"
    source.write_bytes(craft(Part(b"a", os.urandom(300_000))))
    elsewhere = Path("/dev/shm", f"packager-test-{os.getpid()}.jar")
    inject(source, new, NewFile(ENTRY, CONFIG))
    try:
        inject(source, elsewhere, NewFile(ENTRY, CONFIG))
        assert elsewhere.read_bytes() == new.read_bytes()
    finally:
        elsewhere.unlink()


FULL_DISK = """
import resource, sys
from pathlib import Path
from packager.package.inject import NewFile, inject
from packager.errors import ArchiveError, PackagerError

source, new, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    inject(source, new, NewFile("env.properties", b"A=1" * 9))
except ArchiveError:
    raise
except PackagerError as error:
    print(error.message, error.hint, sep="\\n")
"""


def test_a_full_disk_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    source, new = tmp_path / "source.jar", tmp_path / "new.jar"
    source.write_bytes(craft(Part(b"a", os.urandom(100_000)), Part(b"b" * 20000)))
    size = source.stat().st_size
    for limit in (0, 1, 4096, 99_999, 100_100, size - 20_000, size, size + 50):
        shown = run(sys.executable, "-B", "-c", FULL_DISK, source, new, str(limit))
        message, hint = shown.splitlines()
        assert message == f"{new} cannot be written: File too large."
        assert str(tmp_path) in hint
        assert not new.exists()


MEASURED = """
import json, sys
from pathlib import Path
from packager.package.inject import NewFile, inject

def state():
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(counts["rchar"]), int(counts["wchar"]), int(status["VmHWM"].split()[0])

source, new = map(Path, sys.argv[1:])
read, written, _ = state()
inject(source, new, NewFile("env.properties", b"A=1"))
read_at_end, written_at_end, peak = state()
print(json.dumps([read_at_end - read, written_at_end - written, peak]))
"""

on_linux = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="/proc counts the bytes")


def measured(source: Path) -> tuple[int, int, int]:
    """Inject in a new process; return bytes read, bytes written, and peak memory in KiB."""
    new = source.with_suffix(".new")
    read, written, peak = json.loads(run(sys.executable, "-c", MEASURED, source, new))
    new.unlink()
    return read, written, peak


@on_linux
def test_the_archive_is_read_and_written_once(tmp_path: Path) -> None:
    source = tmp_path / "source.jar"
    source.write_bytes(craft(*(Part(b"%d" % n, os.urandom(20_000)) for n in range(1000))))
    read, written, _ = measured(source)
    size = source.stat().st_size
    directory = 1000 * 50
    # The end is searched in the length of the longest comment; /proc itself is read, too.
    assert size < read < size + directory + 65557 + 20_000
    assert size < written < size + 500


@on_linux
def test_peak_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    peaks = []
    for megabytes in (10, 100):
        source = tmp_path / f"{megabytes}.jar"
        with zipfile.ZipFile(source, "w") as archive:
            for number in range(10):
                archive.writestr(f"{number}", os.urandom(megabytes * 100_000))
        peaks.append(measured(source)[2])
        source.unlink()
    assert peaks[1] < 1.1 * peaks[0]
