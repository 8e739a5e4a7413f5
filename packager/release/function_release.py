"""The steps of a release for one function."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from packager.errors import AccessDeniedError, DeployError, NotFoundError, PackagerError
from packager.function import Alias, FunctionState, Package
from packager.progress import Progress
from packager.release.destination import Destination, Inquiry
from packager.release.history import format_description, parse
from packager.release.outcome import Deployment, Outcome
from packager.release.prune import prune
from packager.release.publish import Publication, smoke_test
from packager.release.settle import Clock, Deadline, patiently
from packager.release.switch import Switch
from packager.release.update import Update

# The state was read while the package was built; after this time it is read again.
_FRESH_SECONDS = 5.0


@dataclass(frozen=True)
class Options:
    """Options of a release: send even an unchanged package (`force`), or nothing (`dry_run`)."""

    force: bool = False
    dry_run: bool = False
    timeout: float = 300.0
    clock: Clock = field(default_factory=Clock)


class FunctionRelease:
    """A release of `package` to one function; `event` is for the smoke test."""

    def __init__(
        self, inquiry: Inquiry, package: Package, event: bytes | None, options: Options
    ) -> None:
        """Prepare the release; send nothing yet."""
        self.destination: Destination = inquiry.destination
        self.package = package
        self._function = inquiry.destination.function
        self._settings = inquiry.destination.settings
        self._inquiry = inquiry
        self._event = event
        self._options = options
        self._deadline = self._new_deadline()
        self._switch = self._new_switch(inquiry.alias)
        self._is_switched = False
        # The version to switch to, once it is ready.
        self._ready: FunctionState | None = None
        self.result = Deployment(
            self.destination.name,
            self._settings.region,
            "unchanged",
            package,
            version=inquiry.state.version if inquiry.state else "",
            alias=inquiry.alias,
        )

    @property
    def must_switch(self) -> bool:
        """Whether a version waits to go live."""
        return self._ready is not None

    def make_ready(self, progress: Progress) -> None:
        """Do everything except the switch. Raises DeployError."""
        self._deadline = self._new_deadline()
        self._switch = self._new_switch(self._inquiry.alias)
        if self._is_held_back(progress):
            return
        state = self._settled_state(progress)
        has_package = state is not None and state.code_sha256 == self.package.code_sha256
        must_send = not has_package or self._options.force or bool(state and state.failed)
        if self._options.dry_run:
            self._foresee(must_send)
            return
        if must_send:
            update = Update(self.package, self._function, progress, self._deadline)
            state = update.run(self._function.bucket_for(self.package))
            self._end("deployed", version=state.version)
        if self._settings.alias:
            self._publish(state if self._inquiry.state else None, progress)
        elif must_send and self._event and state:
            self._try_function(state, progress)

    def switch(self, progress: Progress) -> None:
        """Point the alias to the version that is ready. Raises DeployError."""
        if self._ready is None:
            return
        # The other functions may have used up the time since this one was ready.
        self._deadline = self._switch.deadline = self._new_deadline()
        before, version = self._switch.alias, self._ready.version
        current = before.version if before else ""
        history = self._switch.history.after_release(current, version)
        description = format_description(history)
        with progress.stage("switch", f"Pointing {self._switch.name} to version {version}"):
            after = self._switch.move(version, description)
        self._is_switched = True
        self._end("deployed", version=version, alias=after)
        self.result = replace(self.result, previous=current or None, created=before is None)
        if history.previous and parse(description).previous is None:
            progress.warn(
                f"The description of the alias {self._switch.name} has no room for the version"
                f" before ({current}): a rollback needs --to."
            )

    def give_up(self, progress: Progress) -> None:
        """Restore the alias to its state before the release, because another function failed."""
        if self._ready is None or self.result.error:
            return
        if not self._is_switched:
            self._end("not released", alias=self._inquiry.alias)
            return
        before = self._inquiry.alias
        if before is None:
            self.fail(
                DeployError(
                    f"The alias {self._switch.name} was created and points to version"
                    f" {self._ready.version}. It is not removed, though another function failed.",
                    "Fix the other function, then deploy again.",
                )
            )
            return
        self._switch.alias = self.result.alias
        self._switch.deadline = self._new_deadline()
        try:
            with progress.stage("switch", f"Pointing {before.name} back to {before.version}"):
                after = self._switch.move(before.version, before.description)
        except DeployError as error:
            self.fail(
                DeployError(
                    f"The alias {before.name} could not be moved back. {error.message}", error.hint
                )
            )
        else:
            self._end("moved back", alias=after)

    def tidy(self, progress: Progress) -> None:
        """Delete old versions, if the settings require it; a failure is only a warning."""
        keep = self._settings.keep_versions
        if keep is None or not self._is_switched:
            return
        try:
            deleted = prune(self._function, keep, progress, self._deadline)
        except DeployError as error:
            progress.warn(f"Old versions may be left. {error.message} {error.hint}")
        else:
            self.result = replace(self.result, deleted=tuple(deleted))

    def fail(self, error: PackagerError) -> None:
        """Record the error as the outcome of this function's release."""
        self.result = replace(self.result, outcome="failed", error=error)

    def _new_deadline(self) -> Deadline:
        return Deadline(self._options.clock, self._options.timeout)

    def _new_switch(self, alias: Alias | None) -> Switch:
        return Switch(
            self._function,
            self._settings.alias or "",
            alias,
            self._deadline,
            force=self._options.force,
        )

    def _end(self, outcome: Outcome, **changes: object) -> None:
        self.result = replace(self.result, outcome=outcome, **changes)  # type: ignore[arg-type]

    def _is_held_back(self, progress: Progress) -> bool:
        """Whether the package is that of a version that was rolled back."""
        if self._options.force:
            return False
        for version in map(str, self._switch.history.rolled_back):
            if self._has_package(version):
                self._end("held back", version=version)
                progress.note(
                    f"version {version} is this package, and was rolled back:"
                    f" {self._switch.place} (--force deploys it anyway)"
                )
                return True
        return False

    def _has_package(self, version: str) -> bool:
        """Whether a version has this package. Raises DeployError if that is not known."""
        try:
            state = patiently(lambda: self._function.state(version), self._deadline)
        except NotFoundError:
            return False  # It was deleted.
        except AccessDeniedError as error:
            raise AccessDeniedError(
                f"It is not known whether version {version} has this package. {error.message}",
                "Allow lambda:GetFunctionConfiguration on the versions as well (…:function:NAME:*):"
                " `packager policy` prints what an alias needs.",
            ) from error
        return state.code_sha256 == self.package.code_sha256

    def _settled_state(self, progress: Progress) -> FunctionState | None:
        """Return the current state of the function, once no update is in progress."""
        state = self._inquiry.state
        if state is None:
            progress.note(
                "skipped: without lambda:GetFunctionConfiguration it is not known whether the"
                " function has this package already, and whether it can run it"
            )
            return None
        old = self._options.clock.now() - self._inquiry.at > _FRESH_SECONDS
        if old and state.code_sha256 == self.package.code_sha256:
            state = patiently(self._function.state, self._deadline)
        update = Update(self.package, self._function, progress, self._deadline)
        return update.wait_for_others(state)

    def _foresee(self, must_send: bool) -> None:
        """Report what a release would do, as far as that can be known."""
        alias = self._inquiry.alias
        switches = False
        if self._settings.alias and not must_send:
            switches = alias is None or not self._has_package(alias.version)
        if must_send or switches:
            self._end("dry run")

    def _publish(self, state: FunctionState | None, progress: Progress) -> None:
        """Publish a version and test it; errors report where the alias points to."""
        publication = Publication(
            self._function, self.package.code_sha256, state, progress, self._deadline
        )
        try:
            version = publication.run()
            if self._inquiry.alias and self._inquiry.alias.version == version.version:
                self._end(self.result.outcome, version=version.version)
                return
            if self._event:
                smoke_test(self._function, self._event, version, progress, self._deadline)
            self._switch.wait_for_weights(progress)
        except DeployError as error:
            raise DeployError(
                f"{error.message} The function has the new package, but {self._switch.place}.",
                error.hint,
            ) from error
        self._ready = version
        progress.note(f"version {version.version} is ready")

    def _try_function(self, state: FunctionState, progress: Progress) -> None:
        try:
            smoke_test(
                self._function,
                self._event or b"",
                replace(state, version=""),
                progress,
                self._deadline,
            )
        except DeployError as error:
            raise DeployError(
                f"{error.message} The function runs the new package: without an alias"
                " (_LAMBDA_ALIAS) it is live at once.",
                error.hint,
            ) from error
