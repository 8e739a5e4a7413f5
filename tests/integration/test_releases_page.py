"""Every command of docs/releases.md runs as the page shows it, in the page's order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.conftest import requires
from tests.lambda_stub import Code
from tests.releases import Releases

PAGE = (Path(__file__).parents[2] / "docs" / "releases.md").read_text()
LINES = [
    re.sub(r"(\s+\| jq)?(\s+#.*)?$", "", line)
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


@requires("node")
def test_every_command_of_the_page_runs(releases: Releases) -> None:
    """Each ends with 0, and the config differs from one deploy to the next."""
    (releases.folder / "app" / "event.json").write_text("{}")
    for name, region in (("shop-eu", "eu-west-1"), ("shop", "us-east-1")):
        releases.stub.create_function(name, region)
    releases.function.versions["11"] = Code()
    releases.function.latest.timeout = 30
    assert len(LINES) == 12
    for number, line in enumerate(LINES):
        program, *arguments = shlex.split(line)
        assert program == "packager"
        if "deploy" in arguments and number == 0:
            first = releases.run(*arguments)
            assert first.returncode == 0, first.stderr
        ended = releases.changed().run(*arguments)
        assert ended.returncode == 0, f"{line}\n{ended.stdout}{ended.stderr}"
