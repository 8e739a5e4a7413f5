"""The Java reader as Maven builds it: its tests, the contents of its jars, their Java version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.commands import run
from tests.conftest import requires

ROOT = Path(__file__).parent.parent.parent
POM = ElementTree.parse(ROOT / "sdk_java" / "pom.xml")
IN_POM = "{http://maven.apache.org/POM/4.0.0}"
NAME = f"env-properties-{POM.findtext(f'{IN_POM}version')}"
DESCRIPTOR = "META-INF/maven/io.github.envproperties/env-properties"
SOURCES = {"EnvProperties", "EnvPropertiesException", "Overrides", "TypedValues"}
NESTED = {f"EnvProperties$Contents{suffix}" for suffix in ("", "$1", "$2")}
CLASSES = SOURCES | NESTED | {"EnvPropertiesException$FileException"}
PACKAGED = {"META-INF/MANIFEST.MF", "META-INF/LICENSE"} | {
    f"{DESCRIPTOR}/pom.{suffix}" for suffix in ("xml", "properties")
}

pytestmark = requires("java", "javac", "javap", "mvn")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, beside the conformance cases, built and tested."""
    root = tmp_path_factory.mktemp("root")
    ignored = shutil.ignore_patterns("target")
    project = Path(shutil.copytree(ROOT / "sdk_java", root / "sdk_java", ignore=ignored))
    suite = Path("tests", "conformance")
    shutil.copytree(ROOT / suite / "cases", root / suite / "cases")
    shutil.copy(ROOT / suite / "typed.json", root / suite)
    _maven(project, "package")
    return project


def _maven(project: Path, *arguments: str) -> None:
    """Skip without a registry; with REQUIRE_ALL=1 that is a failure, as any other."""
    command = ["mvn", "--batch-mode", *arguments]
    built = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if "Could not transfer" in built.stdout and os.environ.get("REQUIRE_ALL") != "1":
        pytest.skip("Maven reaches no registry")
    assert built.returncode == 0, built.stdout


def _files(jar: Path) -> set[str]:
    with ZipFile(jar) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_the_tests_of_the_java_reader_run_every_shared_case(project: Path) -> None:
    """Maven would also succeed if they were skipped."""
    cases = list((ROOT / "tests/conformance/cases").glob("*.properties"))
    table = json.loads((ROOT / "tests/conformance/typed.json").read_bytes())
    sizes = {kind: len(of["good"]) + len(of["bad"]) for kind, of in table.items()}
    typed = 2 * sizes["integer"] + sizes["number"] + sizes["boolean"] + sizes["list"]
    for name, least in (("ConformanceTest", len(cases)), ("TypedValuesTest", typed)):
        report = project / f"target/surefire-reports/TEST-envproperties.{name}.xml"
        suite = ElementTree.parse(report).getroot()
        assert int(suite.attrib["tests"]) >= least
        assert suite.attrib["skipped"] == suite.attrib["failures"] == suite.attrib["errors"] == "0"


def test_the_jar_holds_the_reader_and_nothing_else(project: Path) -> None:
    """Its classes, the licence, the manifest and Maven's descriptor."""
    classes = {f"envproperties/{name}.class" for name in CLASSES}
    assert _files(project / f"target/{NAME}.jar") == PACKAGED | classes


def test_the_sources_jar_holds_the_source_files(project: Path) -> None:
    """They are the same as in the project."""
    jar = project / f"target/{NAME}-sources.jar"
    sources = {f"envproperties/{name}.java" for name in SOURCES}
    assert _files(jar) == PACKAGED | sources
    with ZipFile(jar) as archive:
        for source in sources:
            assert archive.read(source) == (ROOT / "sdk_java/src/main/java" / source).read_bytes()


def test_the_javadoc_jar_documents_the_public_classes(project: Path) -> None:
    """The reader, its errors and its overrides have a page; internal classes have none."""
    files = _files(project / f"target/{NAME}-javadoc.jar")
    errors = {"EnvPropertiesException", "EnvPropertiesException.FileException"}
    for page in errors | {"EnvProperties", "Overrides"}:
        assert f"envproperties/{page}.html" in files
    for page in ("EnvProperties.Contents", "TypedValues"):
        assert f"envproperties/{page}.html" not in files


def test_the_classes_run_on_java_8(project: Path) -> None:
    """Major version 52 is Java 8's (JVM specification, table 4.1-A)."""
    for name in CLASSES:
        path = project / "target/classes/envproperties" / f"{name}.class"
        assert "major version: 52\n" in run("javap", "-v", path), name


def test_the_manifest_names_the_module(project: Path) -> None:
    """A modular application can require it, whatever the name of the jar."""
    with ZipFile(project / f"target/{NAME}.jar") as archive:
        manifest = archive.read("META-INF/MANIFEST.MF").decode().splitlines()
    assert "Automatic-Module-Name: envproperties" in manifest


def test_the_java_reader_has_no_dependency() -> None:
    """Every dependency is one of its tests."""
    dependencies = POM.findall(f".//{IN_POM}dependency")
    assert dependencies
    assert {dependency.findtext(f"{IN_POM}scope") for dependency in dependencies} == {"test"}


def test_the_same_sources_give_the_same_bytes(project: Path) -> None:
    """A second build makes all three jars byte for byte the same."""
    jars = {path.name: path.read_bytes() for path in (project / "target").glob("*.jar")}
    assert len(jars) == 3
    _maven(project, "clean", "package", "-DskipTests")
    assert jars == {path.name: path.read_bytes() for path in (project / "target").glob("*.jar")}


def test_an_application_reads_its_config_with_the_jar(project: Path, tmp_path: Path) -> None:
    """The file is on the class path, as in Lambda."""
    (tmp_path / "env.properties").write_bytes(b"GREETING=caf\\u00e9\\nau lait\n")
    (tmp_path / "App.java").write_text(
        "class App { public static void main(String[] arguments) { System.out.print("
        'envproperties.EnvProperties.require("GREETING").equals("caf\\u00e9\\nau lait")); } }'
    )
    jar = project / f"target/{NAME}.jar"
    class_path = os.pathsep.join(map(str, (jar, tmp_path)))
    assert run("java", "-cp", class_path, tmp_path / "App.java") == "true"
