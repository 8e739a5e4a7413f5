"""Load the models of AWS's services, which come with botocore, in a third of botocore's own time.

For each client, botocore twice looks for a model in the folders of all 400 services, and it parses
JSON to OrderedDict, though every dict keeps its order.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import botocore.loaders

_OPEN: dict[str, Any] = {".json": Path.open, ".json.gz": gzip.open}


def loader(data_path: str | None) -> botocore.loaders.Loader:
    """Return a loader of models in the folders `data_path`, in ~/.aws/models, and in botocore."""
    folders = [os.path.expandvars(path) for path in (data_path or "").split(os.pathsep) if path]
    return _Loader([str(Path(folder).expanduser()) for folder in folders], _JsonFiles())


def own_loader() -> botocore.loaders.Loader:
    """Return a loader of the models in botocore; those of the user could name other endpoints."""
    return _Loader([_Loader.BUILTIN_DATA_PATH], _JsonFiles(), include_default_search_paths=False)


class _JsonFiles(botocore.loaders.JSONFileLoader):  # type: ignore[misc]
    def load_file(self, file_path: str) -> Any:
        """Load a file, whose path has no extension; return None if it does not exist."""
        for extension, open_file in _OPEN.items():
            path = Path(file_path + extension)
            if path.is_file():
                with open_file(path, "rb") as file:
                    return json.load(file)
        return None


class _Loader(botocore.loaders.Loader):  # type: ignore[misc]
    def list_available_services(self, _: str) -> list[str]:
        """List the services that have a folder, whatever types of models are in it."""
        folders = [Path(path) for path in self.search_paths]
        return [path.name for folder in folders if folder.is_dir() for path in folder.iterdir()]
