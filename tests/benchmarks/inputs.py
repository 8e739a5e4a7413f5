"""The inputs of measurements, built from packages of fixed versions and kept in a cache."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import zipfile
from pathlib import Path

from packager.config import properties
from tests.conftest import cached

_HERE = Path(__file__).parent


def fat_jar() -> Path:
    """A shaded jar of 40 MB and 23,000 entries, built by Maven."""
    source = _HERE.parent / "e2e" / "shaded"

    def build(folder: Path) -> None:
        project = folder / "project"
        shutil.copytree(source, project)
        subprocess.run(["mvn", "-q", "-B", "package"], cwd=project, check=True)

    return cached("shaded-jar", source, build) / "project" / "target" / "shaded.jar"


def node_app() -> Path:
    """A Node.js app of 11,700 files and 54 MB, nearly all of them in node_modules."""
    source = _HERE / "node-app"

    def build(folder: Path) -> None:
        app = folder / "app"
        shutil.copytree(source, app)
        npm_install("ci", app)

    return cached("benchmark-node-app", source, build) / "app"


def npm_install(command: str, folder: Path) -> None:
    """Install a folder's dependencies with npm, without running their scripts."""
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    subprocess.run(["npm", command, *options], cwd=folder, check=True)


def variables(count: int = 60) -> dict[str, str]:
    """Return typical config vars: mostly URLs and keys, some JSON, several lines or Unicode."""
    kinds = [
        "postgres://user{0}:p%40ss@host{0}.example:5432/db?sslmode=require&pool={0}",
        "invented-key-{0}-0123456789abcdef0123456789abcdef",
        "true",
        '{{"flag": true, "limit": {0}, "hosts": ["a.example", "b.example"]}}',
        "https://service{0}.example/path?query=value#part",
        "first line {0}\nsecond line\nthird line\n",
        "größer als {0}: naïve café ☕",
        "C:\\folder{0}\\file",
    ]
    return {f"CONFIG_VAR_{n:05}": kinds[n % len(kinds)].format(n) for n in range(count)}


def properties_file(path: Path, count: int = 60) -> Path:
    """Write an `env.properties` of `count` variables."""
    path.write_bytes(properties.dumps(variables(count)))
    return path


def json_file(path: Path, count: int = 60) -> Path:
    """Write the same variables as JSON."""
    path.write_text(json.dumps(variables(count)))
    return path


def part_of_jar(jar: Path, path: Path, share: float) -> Path:
    """Write a jar with the first entries of another, up to a `share` of its bytes."""
    left = share * jar.stat().st_size
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(path, "w") as part:
        for entry in source.infolist():
            if left <= 0:
                break
            part.writestr(entry, source.read(entry))
            left -= entry.compress_size + 2 * len(entry.filename) + 76  # its two headers
    return path


def part_of_app(app: Path, folder: Path, share: float) -> Path:
    """Copy a `share` of an app's files, evenly distributed."""
    files = sorted(path for path in app.rglob("*") if path.is_file() and not path.is_symlink())
    step = round(1 / share)
    for path in {app / "package.json", *files[::step]}:
        copy = folder / path.relative_to(app)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return folder


def incompressible_zip(path: Path, size: int) -> Path:
    """Write an incompressible zip of about `size` bytes."""
    noise = random.Random(0)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(size >> 20):
            archive.writestr(f"{number}.bin", noise.randbytes((1 << 20) - 200))
    return path
