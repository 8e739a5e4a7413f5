"""One setting, and the commands that take settings."""

from __future__ import annotations

from typing import NamedTuple

from packager.config import setting_values as values

BUILD, DEPLOY, ENV, WATCH = "build", "deploy", "env", "watch"
INVOKE, POLICY, ROLLBACK, STATUS = "invoke", "policy", "rollback", "status"
PREBUILD = "prebuild"  # The buildpack runs this command.
BUILDPACK = "buildpack"  # Not a command: only the buildpack's scripts read these settings.


class Setting(NamedTuple):
    """One setting: its variable, its field of `Settings`, its option, and the commands that use it.

    A setting without `field` is not read on its own: the credentials share one field, and the
    buildpack's scripts read theirs. A setting that `describes_app` may come from a `.env` that the
    packager found itself, because it cannot change where a deploy goes. `value_of_flag` is the
    value if the option is given without one.
    """

    variable: str
    field: str | None
    help: str
    parse: values.Parser = values.text
    option: str | None = None
    metavar: str = "TEXT"
    commands: tuple[str, ...] = ()
    describes_app: bool = False
    value_of_flag: str | None = None

    @property
    def shown(self) -> str:
        """The variable and its option, as error messages name the setting."""
        return f"{self.variable} ({self.option})" if self.option else self.variable
