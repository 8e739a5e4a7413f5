"""The files of a package that hold the app's config: `env.properties`, and `env-exec` if set."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable

from packager.apps import App
from packager.apps.ignore import ENV_PROPERTIES
from packager.config import properties
from packager.config.inputs import Config
from packager.package import exec_wrapper
from packager.package.inject import NewFile
from packager.progress import Progress

# Our reader: installed, copied into any folder by `packager vendor node`, or a link to it.
_OUR_READER = re.compile(r"(?:^|/)env-properties(?:/package\.json)?$")


def write(app: App, config: Config, progress: Progress, names: Iterable[str] = ()) -> list[NewFile]:
    """Return the files, `env.properties` last; `names` are those of the package's other files.

    Raises VariableError for a variable that they cannot hold.
    """
    files = [NewFile(ENV_PROPERTIES, _properties(app, config, progress, names))]
    wrapper = config.settings.exec_wrapper
    if wrapper:
        following = wrapper if isinstance(wrapper, str) else None
        script = exec_wrapper.write(config.variables, following)
        if script.kept_out:
            progress.note(
                f"{exec_wrapper.NAME} does not set {', '.join(script.kept_out)}, because that would"
                " break or redirect the runtime; env.properties has them"
            )
        mode = stat.S_IFREG | exec_wrapper.MODE
        files.insert(0, NewFile(exec_wrapper.NAME, script.content, mode))
    return files


def _properties(app: App, config: Config, progress: Progress, names: Iterable[str]) -> bytes:
    """Return `env.properties` for the app's reader, and warn of values that it would change."""
    readers = app.properties_readers
    version = readers.get("properties-reader")
    dialect: properties.Dialect = "java"
    if version is not None and "env-properties" not in readers:
        dialect = "java" if any(map(_OUR_READER.search, names)) else "properties-reader"
    dialect = config.settings.properties_format or dialect
    is_in_use = dialect == "properties-reader" or version is not None
    changed = properties.changed_by_properties_reader(config.variables, dialect, version or "")
    if is_in_use and changed:
        progress.warn(
            "The npm package properties-reader does not read these variables exactly:"
            f" {', '.join(changed)}. Read them with env-properties (`packager vendor node`), or"
            " encode them, for example as base64."
        )
    return properties.dumps(config.variables, dialect)
