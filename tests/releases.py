"""An app that tests release to the stub of Lambda, with the library or as a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from packager.config import settings as config_settings
from packager.config.inputs import Config
from packager.progress import Event, Note, Progress, Warning
from packager.release.deploy import deploy
from packager.release.function_release import Options
from packager.release.outcome import Deployment, Release, ReleaseError
from packager.release.rollback import Rollback, roll_back
from packager.release.target import in_aws, open_functions
from tests.commands import packager
from tests.lambda_stub import Stub, StubFunction
from tests.service import REGION


@dataclass
class Releases:
    """An app, and functions that release it as `packager deploy` does."""

    stub: Stub
    folder: Path
    functions: tuple[str, ...] = ("hello",)
    variables: dict[str, str] = field(default_factory=lambda: {"A": "1"})
    events: list[Event] = field(default_factory=list)

    def release(self, *, force: bool = False, timeout: float = 20, **settings: str) -> Release:
        """Release the app; a setting is named by the end of its variable, as in `alias="live"`."""
        config = Config(config_settings.read(self._settings(settings)), self.variables)
        private = self.folder / f"private{len(list(self.folder.iterdir()))}"
        private.mkdir()
        self.events.clear()
        progress = Progress(sink=self.events.append)
        with in_aws(config, timeout) as target:
            options = Options(force=force, timeout=timeout)
            return deploy(self.folder / "app", target, private, progress, options)

    def changed(self) -> Releases:
        """Change the app's config, so that its package differs."""
        self.variables = {"A": str(int(self.variables["A"]) + 1)}
        return self

    def roll_back(self, to: str | None = None, *, alias: str = "live", **options: Any) -> Rollback:
        """Roll the alias of the first function back, as `packager rollback` does."""
        config = Config(config_settings.read(self._settings({"alias": alias})), {})
        how = Options(**{"timeout": 20} | options)
        return roll_back(open_functions(config, how.timeout), to, Progress(), how)[0]

    def run(self, *arguments: str, **settings: str) -> CompletedProcess[str]:
        """Run `packager` in the app's folder, with a secret among the config vars."""
        env = self._settings(settings) | {"SECRET": f"canary {self.variables['A']}"}
        return packager(*arguments, env=env, cwd=self.folder / "app")

    def _settings(self, settings: Mapping[str, str]) -> dict[str, str]:
        own = {f"_LAMBDA_{name.upper()}": value for name, value in settings.items()}
        return self.stub.settings(*self.functions) | own

    def fails(self, **settings: Any) -> ReleaseError:
        """Release the app and return the error that this raises."""
        with pytest.raises(ReleaseError) as error:
            self.release(**settings)
        return error.value

    def one(self, **settings: Any) -> Deployment:
        """Release the app to its only function."""
        [deployment] = self.release(**settings).deployments
        return deployment

    @property
    def notes(self) -> str:
        """Return the notes and warnings of the last release."""
        return "\n".join(event.text for event in self.events if isinstance(event, Note | Warning))

    @property
    def function(self) -> StubFunction:
        """Return the only function."""
        return self.stub.functions[REGION, "hello"]

    @property
    def live(self) -> str:
        """Return the version that the alias `live` points to."""
        return self.function.aliases["live"].version

    @property
    def history(self) -> str:
        """Return the description of the alias `live`."""
        return self.function.aliases["live"].description
