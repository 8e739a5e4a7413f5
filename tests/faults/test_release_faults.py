"""Every call of a release meets every fault: the alias is old or new, and the message is true.

The cells run side by side in this process, because most of their time is waiting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from packager.errors import DeployError
from packager.release.outcome import Deployment
from tests import lambda_stub
from tests.faults.conftest import ALL, selected_cells
from tests.faults.kinds import KINDS
from tests.lambda_stub import Stub
from tests.proxy import proxying, refusing_next
from tests.releases import Releases
from tests.trees import plant

AT_ONCE = 6
REFUSED = "refused"
SECRETS = {"A": "0", "TOKEN": "canary/session+token==", "LINES": "first\nsecond canary line"}


@dataclass(frozen=True)
class Call:
    """A call of a release: the name of its requests at the proxy, and of the call before it.

    If it `is_optional`, a fault does not make the release fail.
    """

    name: str
    before: str
    creates: bool = False
    is_optional: bool = False


CALLS = [
    Call("get alias", before="state"),
    Call("publish", before="update"),
    Call("version state", before="publish"),
    Call("invoke", before="publish"),
    Call("move alias", before="invoke"),
    Call("create alias", before="invoke", creates=True),
    Call("list aliases", before="move alias", is_optional=True),
    Call("list versions", before="list aliases", is_optional=True),
    Call("delete version", before="list versions", is_optional=True),
]


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix."""

    call: Call
    kind: str
    once: bool

    def __str__(self) -> str:
        return f"{self.call.name}, {self.kind}, {'once' if self.once else 'always'}"


def matrix() -> Iterator[Cell]:
    """Return every cell; without a retry, once and always are the same, so there is only one."""
    for call in CALLS:
        yield Cell(call, REFUSED, once=False)
        for name, kind in KINDS.items():
            yield Cell(call, name, once=False)
            if kind.retried or name == "conflict":
                yield Cell(call, name, once=True)


QUICK = ("lost response", "garbage", "TooManyRequests", "502", "denied", "conflict", REFUSED)
CHOSEN = [
    cell
    for cell in matrix()
    if ALL or cell.kind in QUICK or (cell.call.name, cell.kind) == ("invoke", "truncated response")
]


@dataclass
class Outcome:
    """The result of a release with a fault."""

    deployment: Deployment | None
    message: str
    shown: str
    live: str | None  # the version that the alias points to; None: there is no alias
    is_sent: bool
    calls: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[Cell, Future[Outcome]]:
    """Start all cells that are selected in this run."""
    cells: list[Cell] = selected_cells(request)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {
            cell: pool.submit(release_with, cell, tmp_path_factory.mktemp("cell")) for cell in cells
        }


def release_with(cell: Cell, folder: Path) -> Outcome:
    """Release version 3 over version 2, or version 1 with a new alias, with the fault of `cell`."""
    plant(folder / "app", {"package.json": "{}", "index.js": "exports.handler = async () => 1\n"})
    with lambda_stub.running() as stub:
        stub.create_function("hello")
        releases = Releases(stub, folder, variables=dict(SECRETS))
        if not cell.call.creates:
            for _ in range(2):
                releases.changed()
                releases.variables |= {name: SECRETS[name] for name in ("TOKEN", "LINES")}
                releases.one(alias="live")
        if cell.call.name == "version state":
            stub.pending_seconds = 0.3
        return faulty(cell, stub, releases)


def faulty(cell: Cell, stub: Stub, releases: Releases) -> Outcome:
    """Release once more, through a proxy that injects the fault."""
    real = stub.url
    sent = stub.calls.count("UpdateFunctionCode")
    deployment, message = None, ""
    with proxying(real) as proxy:
        if cell.kind == REFUSED:
            proxy.on(cell.call.before, refusing_next())
        else:
            fault = KINDS[cell.kind].at_lambda
            proxy.on(cell.call.name, fault, times=1 if cell.once else None)
        stub.url = proxy.url
        releases.variables = SECRETS | {"A": "new"}
        timeout = 3.0 if not cell.once else 20.0
        try:
            deployment = releases.one(
                alias="live", smoke_event="{}", keep_versions="1", timeout=timeout
            )
        except DeployError as error:
            message = f"{error.message} {error.hint}"
        calls = list(proxy.calls)
    alias = releases.function.aliases.get("live")
    return Outcome(
        deployment,
        message,
        message + releases.notes,
        alias.version if alias else None,
        stub.calls.count("UpdateFunctionCode") > sent,
        calls,
    )


def succeeds(cell: Cell) -> bool | None:
    """Return whether the release should succeed despite the fault; None: both are right."""
    name, kind = cell.call.name, cell.kind
    if cell.call.is_optional:
        return True
    if kind == REFUSED:
        return False
    if kind == "conflict" and name not in ("publish", "move alias", "create alias"):
        return False  # requests that read or invoke cannot have this fault
    if kind == "another package":
        return name != "publish"  # aliases and responses of handlers have no hash
    if kind in ("lost response", "truncated response", "garbage") and name in (
        *("move alias", "create alias"),
    ):
        return True  # the alias itself shows that it was moved
    if name == "invoke":
        # An event is sent only once, but AWS has not run throttled requests.
        return cell.once and kind in ("429", "TooManyRequests")
    return cell.once


@pytest.mark.parametrize("cell", CHOSEN, ids=str)
def test_a_release_with_a_fault_leaves_the_alias_old_or_new(
    cell: Cell, outcomes: dict[Cell, Future[Outcome]]
) -> None:
    """It ends in time, and the message says whether the alias was moved."""
    outcome = outcomes[cell].result()
    old, new = (None, "1") if cell.call.creates else ("2", "3")
    assert outcome.live in (old, new)
    assert "canary" not in outcome.shown
    assert bool(outcome.deployment) == succeeds(cell), outcome.message
    if outcome.deployment:
        assert (outcome.deployment.outcome, outcome.live) == ("deployed", new)
        if cell.call.is_optional and not cell.once:
            assert ("Old versions may be left" in outcome.shown) == fails_to_prune(cell)
        return
    if cell.call.name == "get alias" and cell.kind != "not found":  # the alias would be created
        assert not outcome.is_sent
        assert outcome.live == old
        return
    says_unknown = re.search(r"not known|may still be carried out", outcome.message)
    says_old = re.search(
        r"still points to version 2|the alias live does not exist yet", outcome.message
    )
    assert says_unknown or says_old, outcome.message
    if outcome.live == new:
        assert says_unknown, outcome.message


def fails_to_prune(cell: Cell) -> bool:
    """Return whether the fault prevents the removal of old versions."""
    if cell.kind == "another package":
        return False
    return not (
        cell.call.name == "delete version" and cell.kind in ("not found", "truncated response")
    )
