"""Deploy an app again and again; each deploy reuses what the previous one has computed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packager import workspace
from packager.config.inputs import Config
from packager.errors import PackagerError
from packager.package.compression_cache import CompressionCache
from packager.progress import Progress
from packager.release.deploy import deploy
from packager.release.function_release import Options
from packager.release.outcome import Release
from packager.release.target import Target
from packager.watch.run import SupersededError


@dataclass(frozen=True)
class Run:
    """The result of a run: the release and, on this machine, the handler's response or failure.

    If the handler was `stopped` because a file was saved, there is neither.
    """

    release: Release
    function: str
    response: str | None = None
    failure: PackagerError | None = None
    stopped: bool = False


class Deploys:
    """Deploys an app again and again, and keeps its session and compressed files in between."""

    def __init__(
        self,
        app: Path,
        folder: Path,
        read_config: Callable[[], Config],
        open_target: Callable[[Config], contextlib.AbstractContextManager[Target]],
        timeout: float,
        *,
        all_watched: bool,
    ) -> None:
        """Deploy `app`, with packages in the private `folder`.

        If not `all_watched`, files may change without being in the `changed` of a run.
        """
        self._app = app
        self._folder = folder
        self._read_config = read_config
        self._open_target = open_target
        self._timeout = timeout
        self._all_watched = all_watched
        self._cache = CompressionCache()
        self._open = contextlib.ExitStack()
        self._kept: tuple[Config, Target] | None = None

    def run(self, changed: frozenset[str], progress: Progress) -> Run:
        """Deploy the app, whose files at the paths `changed` have changed since the last run."""
        self._cache.forget(changed)
        if not self._all_watched:
            # Files that are packaged but not watched may have changed, too.
            self._cache.selections.forget([str(self._app)])
        config = self._read_config()
        if self._kept is None or self._kept[0] != config:
            for event in config.events:
                progress.sink(event)
        with workspace.private_folder(self._folder) as folder, self._target(config) as target:
            options = Options(timeout=self._timeout)
            release = deploy(self._app, target, folder, progress, options, self._cache)
            response, failure, stopped = None, None, False
            if target.run:
                # If the handler fails, the deploy has succeeded and is not retried.
                try:
                    with progress.stage("invoke", "Invoking the function", prints=True):
                        response = target.run(folder, release.package.code_sha256, progress)
                except PackagerError as error:
                    failure = error
                except SupersededError:
                    stopped = True
        return Run(release, target.name, response, failure, stopped)

    @contextlib.contextmanager
    def _target(self, config: Config) -> Iterator[Target]:
        """Keep the AWS session and client from one run to the next, unless a run fails: the
        credentials may have expired, and a new session reads them again.
        """
        if self._kept is None or self._kept[0] != config:
            self.close()
            self._kept = config, self._open.enter_context(self._open_target(config))
        try:
            yield self._kept[1]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the session and client that are kept."""
        self._kept = None
        self._open.close()
