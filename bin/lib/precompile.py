"""Compiles the modules that a deploy imports. Others get no bytecode, to keep the slug small.

Usage: precompile.py FOLDER FINAL. The modules are below FOLDER, which is FINAL at run time.
"""

import importlib
import pkgutil
import py_compile
import sys
from pathlib import Path


def import_what_a_deploy_imports() -> None:
    """Import the packager, and make botocore load the modules it imports late."""
    import boto3.s3.transfer  # It is loaded for the first upload.

    import packager

    for module in pkgutil.walk_packages(packager.__path__, "packager."):
        # The embedded Lambda service needs the extra `local`, which no dyno has.
        if not module.name.startswith(("packager.__main__", "packager.local")):
            importlib.import_module(module.name)

    session = boto3.session.Session(region_name="us-east-1")
    for service in ("lambda", "s3", "sts"):
        session.client(service)


def compile_imported(folder: Path, final: Path) -> None:
    """Write the bytecode of each imported module below `folder`.

    Python does not compare it with its source: the slug has other file times than the build, and on
    a dyno neither changes.
    """
    for module in list(sys.modules.values()):
        source = Path(getattr(module, "__file__", None) or "")
        if source.suffix == ".py" and source.is_relative_to(folder):
            py_compile.compile(
                str(source),
                dfile=str(final / source.relative_to(folder)),
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder / "packages"))
    import_what_a_deploy_imports()
    compile_imported(folder, final=Path(sys.argv[2]))
