"""The environment of a handler: the variables by which Lambda describes the function."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from packager.config.settings import Credentials
from packager.local.handlers import Handler
from packager.local.service import ACCOUNT, CREDENTIALS, REGION

BOOTSTRAP = Path(__file__).with_name("bootstrap")


@dataclass(frozen=True)
class LocalFunction:
    """A function on this machine; `app` is the folder that its package was built from.

    By default, its handler has made-up `credentials`.
    """

    name: str = "function"
    region: str = REGION
    runtime: str | None = None
    architecture: str | None = None
    app: Path | None = None
    has_exec_wrapper: bool = False
    credentials: Credentials = CREDENTIALS
    memory: int = 1024  # in MB

    def environment(self, handler: Handler, task: Path) -> dict[str, str]:
        """Return the variables that Lambda sets for the handler of the package in `task`.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html. The last three hide
        the user's own credentials from libraries.
        """
        return {
            "_HANDLER": handler.name,
            "LAMBDA_TASK_ROOT": str(task),
            "LAMBDA_RUNTIME_DIR": str(BOOTSTRAP),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.runtime or handler.language}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_SESSION_TOKEN": self.credentials.session_token or "",
            "PACKAGER_FUNCTION_ARN": (
                f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}"
            ),
            "PACKAGER_REQUEST_ID": str(uuid.uuid4()),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
