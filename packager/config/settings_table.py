"""The table of all settings.

Parsing, error messages, `--help` and the README's table all come from here. A new setting is a row
here, a field of `Settings`, and a line in the README.
"""

from __future__ import annotations

from dataclasses import dataclass

from packager.config import setting_values as values

BUILD, DEPLOY, ENV, WATCH = "build", "deploy", "env", "watch"
INVOKE, POLICY, ROLLBACK, STATUS = "invoke", "policy", "rollback", "status"
PREBUILD = "prebuild"  # The buildpack runs this command.
BUILDPACK = "buildpack"  # Not a command: only the buildpack's scripts read these settings.

_PACKAGING = (BUILD, DEPLOY, WATCH, PREBUILD, STATUS, INVOKE)
_DEPLOYING = (DEPLOY, WATCH)
_RELEASING = (*_DEPLOYING, POLICY)
_RELEASED = (*_RELEASING, INVOKE, ROLLBACK, STATUS)
# The feature of these is not there yet: no command shows them.
_NONE: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setting:
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


TABLE = (
    Setting(
        "_LAMBDA_FUNCTION_ARN",
        field="functions",
        help="Names or ARNs of the functions, separated by blanks or commas.",
        parse=values.functions,
        option="--function",
        metavar="NAME",
        commands=_RELEASED,
    ),
    # The credentials have no options, because a list of processes would show them.
    Setting(
        "_AWS_ACCESS_KEY_ID",
        field=None,
        help="Access key of the deploying user; default: AWS's usual chain of credentials.",
        parse=values.credential,
        commands=_RELEASED,
    ),
    Setting(
        "_AWS_SECRET_ACCESS_KEY",
        field=None,
        help="The access key's secret.",
        parse=values.credential,
        commands=_RELEASED,
    ),
    Setting(
        "_AWS_SESSION_TOKEN",
        field=None,
        help="The access key's session token, if it is a temporary one.",
        parse=values.credential,
        commands=_RELEASED,
    ),
    Setting(
        "_AWS_DEFAULT_REGION",
        field="region",
        help="The function's region; default: the region in its ARN.",
        parse=values.region,
        option="--region",
        metavar="REGION",
        commands=_RELEASED,
    ),
    Setting(
        "_AWS_ENDPOINT_URL",
        field="endpoint_url",
        help="URL of another endpoint than AWS's own.",
        parse=values.endpoint,
        option="--endpoint-url",
        metavar="URL",
        commands=_RELEASED,
    ),
    Setting(
        "_AWS_ALLOW_HTTP",
        field="allow_http",
        help="Send credentials and package over http:// to another machine, too.",
        parse=values.switch,
        option="--allow-http",
        commands=_RELEASED,
    ),
    Setting(
        "_LAMBDA_ALIAS",
        field="alias",
        help="Publish a version, and point this alias to it.",
        parse=values.alias,
        option="--alias",
        metavar="NAME",
        commands=_RELEASED,
    ),
    Setting(
        "_LAMBDA_SMOKE_EVENT",
        field="smoke_event",
        help="Invoke the new version with this event before the alias moves: JSON, or @FILE.",
        parse=values.event,
        option="--smoke-event",
        metavar="JSON|@FILE",
        commands=_RELEASING,
    ),
    Setting(
        "_LAMBDA_KEEP_VERSIONS",
        field="keep_versions",
        help="Keep this many of the versions that the packager published, and delete older ones.",
        parse=values.count,
        option="--keep-versions",
        metavar="N",
        commands=_RELEASING,
    ),
    Setting(
        "_LAMBDA_KMS_KEY_ARN",
        field="kms_key",
        help="ARN of the KMS key that encrypts the package; {region} is the function's region.",
        parse=values.kms_key,
        option="--kms-key",
        metavar="ARN",
        commands=_RELEASING,
    ),
    Setting(
        "_LAMBDA_S3_BUCKET",
        field="s3_bucket",
        help="Bucket in the function's region, for packages from 5 MiB on; {region} is its region.",
        parse=values.bucket,
        option="--s3-bucket",
        metavar="BUCKET",
        commands=_RELEASING,
    ),
    Setting(
        "_LAMBDA_S3_PREFIX",
        field="s3_prefix",
        help="Key prefix for uploaded packages.",
        option="--s3-prefix",
        metavar="PREFIX",
        commands=_RELEASING,
    ),
    Setting(
        "_LAMBDA_CHECKS",
        field="checks",
        help="Effect of a failed check before a deploy: error, warn, or off.",
        parse=values.one_of("error", "warn", "off"),
        option="--checks",
        metavar="error|warn|off",
        commands=_PACKAGING,
    ),
    Setting(
        "_LAMBDA_JAR_FILE",
        field="jar",
        help="The app's jar, relative to APP_DIR.",
        parse=values.path,
        option="--jar",
        metavar="PATH",
        commands=_PACKAGING,
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_ZIP_FILE",
        field="zip",
        help="A ready-made zip, relative to APP_DIR.",
        parse=values.path,
        option="--zip",
        metavar="PATH",
        commands=_PACKAGING,
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_ENV_EXCLUDE",
        field="exclude",
        help="Shell patterns of variables to leave out, separated by blanks or commas, added to the"
        " default list; !PATTERN brings names back.",
        parse=values.words,
        option="--exclude",
        metavar="PATTERNS",
        commands=(BUILD, DEPLOY, ENV, WATCH, STATUS, INVOKE),
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_LANGUAGE",
        field="language",
        help="The kind of app, if the folder has files of several: node or python.",
        parse=values.one_of("node", "python"),
        option="--language",
        metavar="node|python",
        commands=_PACKAGING,
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_RUNTIME",
        field="runtime",
        help="For Python packages: the function's runtime (example: python3.13), if the function"
        " cannot be asked.",
        parse=values.runtime,
        option="--runtime",
        metavar="RUNTIME",
        commands=_PACKAGING,
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_ARCHITECTURE",
        field="architecture",
        help="For Python packages: x86_64 or arm64, if the function cannot be asked.",
        parse=values.one_of("x86_64", "arm64"),
        option="--architecture",
        metavar="x86_64|arm64",
        commands=_PACKAGING,
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_DEV_DEPENDENCIES",
        field="dev_dependencies",
        help="For Node.js packages: true to package everything that is installed, development"
        " dependencies, too.",
        parse=values.switch,
        option="--dev-dependencies",
        metavar="[true|false]",
        commands=_PACKAGING,
        describes_app=True,
        value_of_flag="true",
    ),
    Setting(
        "_LAMBDA_REQUIREMENTS",
        field="requirements",
        help="For Python packages: the file that lists the dependencies, relative to APP_DIR.",
        parse=values.path,
        option="--requirements",
        metavar="PATH",
        commands=_PACKAGING,
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_REQUIREMENTS_ENV",
        field="requirements_env",
        help="For Python packages: variables that requirements may name in the credentials of a"
        " URL, as ${NAME}, separated by blanks or commas.",
        parse=values.words,
        option="--requirements-env",
        metavar="NAMES",
        commands=_PACKAGING,
    ),
    Setting(
        "_LAMBDA_PROPERTIES_FORMAT",
        field="properties_format",
        help="Write env.properties for this reader: java or properties-reader.",
        parse=values.one_of("java", "properties-reader"),
        option="--properties-format",
        metavar="java|properties-reader",
        commands=_PACKAGING,
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_EXEC_WRAPPER",
        field="exec_wrapper",
        help="Put env-exec into the package, which makes every config var an environment variable:"
        " true, or the path of another wrapper that it calls.",
        parse=values.switch_or_path,
        option="--exec-wrapper",
        metavar="[PATH]",
        commands=_PACKAGING,
        value_of_flag="true",
    ),
    Setting(
        "_LAMBDA_HANDLER",
        field="handler",
        help="With --local: the handler, if it cannot be detected.",
        parse=values.handler,
        option="--handler",
        metavar="HANDLER",
        commands=(*_DEPLOYING, INVOKE),
        describes_app=True,
    ),
    Setting(
        "_LAMBDA_DEPLOY_ON_RELEASE",
        field=None,
        help="`true` when the app is built: every release deploys; `false` later: not this one.",
        commands=(BUILDPACK,),
    ),
    Setting(
        "_LAMBDA_PYTHON_URL",
        field=None,
        help="Where the build downloads the packager's Python, if not from GitHub.",
        commands=(BUILDPACK,),
    ),
    Setting(
        "_LAMBDA_PYTHON_SHA256",
        field=None,
        help="SHA-256 of the archive at that URL, if it is not the pinned one.",
        commands=(BUILDPACK,),
    ),
)

BY_VARIABLE = {setting.variable: setting for setting in TABLE}
