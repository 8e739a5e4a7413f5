"""One fault at a chosen request of a deploy: what is said is true, and nothing is left behind.

A cell of the matrix is a call, a kind of fault, and whether it happens once or always. The cells
run side by side, for most of their time is waiting.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import canaries
from tests.faults.canaries import Run
from tests.faults.conftest import ALL
from tests.faults.kinds import KINDS, NO_ANSWER, Kind
from tests.proxy import Proxy, changed, leaving, proxying
from tests.service import REGION, Service

SECRET = "canary of the function's own environment"
AT_ONCE = 6


@dataclass(frozen=True)
class Call:
    """A call of a deploy: its requests at the proxy, and the one before it."""

    name: str
    requests: str
    before: str = ""
    skip: int = 0
    skip_before: int = 0
    by_s3: bool = False

    @property
    def at_lambda(self) -> bool:
        """Whether it is one of Lambda's, not of S3's."""
        return self.requests in ("state", "update")


CALLS = [
    Call("state", "state"),
    Call("update", "update", before="state"),
    Call("wait", "state", skip=1, before="update"),
    Call("start upload", "start upload", before="state", by_s3=True),
    Call("part", "part", before="start upload", skip=2, by_s3=True),
    # The package has seven parts of 8 MB.
    Call("end upload", "end upload", before="part", skip_before=6, by_s3=True),
    Call("update by S3", "update", before="end upload", by_s3=True),
]
REFUSED = "refused"
THROTTLED = ("429", "TooManyRequests")


@dataclass(frozen=True)
class Cell:
    """One place of the matrix."""

    call: Call
    kind: str
    once: bool

    def __str__(self) -> str:
        return f"{self.call.name}, {self.kind}, {'once' if self.once else 'always'}"

    @property
    def fault(self) -> Kind:
        return KINDS[self.kind]

    @property
    def retried(self) -> bool:
        """Whether a request that meets the fault is to be tried again."""
        if self.call.requests == "update":
            # The function's state says what became of an update whose response cannot be parsed.
            return self.kind == "conflict" or (self.fault.retried and not self.fault.senseless)
        return self.fault.retried


@dataclass(frozen=True)
class Ended:
    """What a deploy with a fault has shown, done and left.

    `tries`: of the request that met the fault, and if there were several, of the one tried most
    often; where connections were refused, all that were.
    """

    run: Run
    tries: int
    holds_new: bool
    parts_left: bool


def matrix() -> Iterator[Cell]:
    """Return every cell; a fault that is not tried again is the same once and always."""
    for call in CALLS:
        yield Cell(call, REFUSED, once=False)
        for name, kind in KINDS.items():
            if call.at_lambda or kind.at_s3:
                always = Cell(call, name, once=False)
                yield always
                if always.retried:
                    yield Cell(call, name, once=True)


# At S3 a cell takes seconds, as the package is large.
CHOSEN = [
    cell
    for cell in matrix()
    if ALL
    or not cell.call.by_s3
    or (
        cell.kind in ("reset during the body", "denied", "garbage", "502", REFUSED)
        and not cell.once
    )
    or (cell.kind in ("503", "lost answer") and cell.once)
]


@pytest.fixture(scope="module")
def ends(
    request: pytest.FixtureRequest,
    service: Service,
    jars: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[Cell, Future[Ended]]:
    """Run all cells that were chosen for this run of the tests."""
    cells: list[Cell] = [
        item.callspec.params["cell"]  # type: ignore[misc]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and "ends" in item.fixturenames
    ]
    # All end here: pytest changes the environment between tests, while the threads would read it.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {
            cell: pool.submit(deploy_with, cell, service, jars, tmp_path_factory.mktemp("cell"))
            for cell in cells
        }


def deploy_with(cell: Cell, service: Service, jars: Path, folder: Path) -> Ended:
    """Deploy with the fault of `cell`, to a function and a bucket of its own."""
    name = folder.name
    service.create_function(name)
    service.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"SECRET": SECRET}}
    )
    s3 = service.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    before = service.stored(name)
    with proxying(service.url) as proxy:
        prepare(proxy, cell)
        run = canaries.run(
            "deploy",
            *([jars / "large"] if cell.call.by_s3 else [jars, "--jar", "small.jar"]),
            *("--s3-bucket", name),
            *("--timeout", seconds(cell), "--verbose"),
            env=canaries.settings(proxy.url, name),
            folder=folder,
        )
        refused = connections_tried(run) - proxy.connections()
    ended = Ended(
        run=run,
        tries=refused if cell.kind == REFUSED else most_tries(proxy, cell.call),
        holds_new=service.stored(name) != before,
        parts_left="Uploads" in s3.list_multipart_uploads(Bucket=name),
    )
    service.delete(name)
    return ended


def connections_tried(run: Run) -> int:
    """Count the connections that a deploy tried to make, by the log of the library that does."""
    return len(re.findall(r"urllib3\S+:(Starting new HTTP|Resetting dropped) connection", run.log))


def most_tries(proxy: Proxy, call: Call) -> int:
    """Return how often a request of `call` was tried: of the parts, the one tried most often."""
    tries = max(proxy.tries(call.requests).values())
    return tries - call.skip if call.at_lambda else tries


def prepare(proxy: Proxy, cell: Cell) -> None:
    """Let the request of `cell` meet its fault."""
    call = cell.call
    in_progress = changed(LastUpdateStatus="InProgress")
    if call.name == "wait":
        proxy.on("update", in_progress)
    if cell.kind == REFUSED:
        if call.name == "wait":
            proxy.rules.clear()
            proxy.on("update", leaving(in_progress))
        elif call.before:
            proxy.on(call.before, leaving(), skip=call.skip_before)
        else:
            proxy.shut_down()
    else:
        fault = cell.fault.at_lambda if call.at_lambda else cell.fault.at_s3
        assert fault
        proxy.on(call.requests, fault, skip=call.skip, times=1 if cell.once else None)


def seconds(cell: Cell) -> str:
    """Return a `--timeout`: short where it is used up, long where a slow machine would reach it."""
    lasts = cell.kind in ("silence", "conflict") or (cell.kind in THROTTLED and not cell.once)
    if cell.call.by_s3:
        return "15" if lasts else "30"
    return "6" if lasts or cell.call.name == "wait" else "30"


def succeeds(cell: Cell) -> bool:
    """Whether the deploy is to succeed in spite of the fault."""
    name = cell.call.name
    if cell.kind == REFUSED:
        return False
    if cell.kind == "denied":
        return name in ("state", "wait")
    if cell.kind == "another package":
        return name == "state"
    if cell.call.requests == "update" and cell.fault.carried_out:
        return True  # The function's state says so.
    return cell.once


def words(cell: Cell) -> str:
    """Return the pattern of what the error says."""
    return NO_ANSWER if cell.kind == REFUSED else cell.fault.words


def tries(cell: Cell) -> range:
    """Return how many tries there are to be."""
    call = cell.call
    if cell.kind == REFUSED:
        if call.name == "state":
            return exactly(3)
        if call.name == "update by S3":
            return exactly(3 + 3 + 3)  # The object is to be deleted, too.
        if call.requests == "update" or call.name == "start upload":
            return exactly(3 + 3)  # Then it is looked into what has become of it.
        return at_least(3)
    if cell.once:
        return exactly(2)
    if cell.kind == "conflict" and call.requests == "update":
        return at_least(2)
    if cell.kind in THROTTLED:
        return at_least(3)  # It is waited out until the time is used up.
    if call.name == "wait" and cell.retried:
        return at_least(3)  # It is asked again until the time is used up.
    if not call.at_lambda and cell.kind == "redirect":
        return exactly(2)  # botocore looks whether the bucket is in another region.
    return exactly(3) if cell.retried else exactly(1)


def exactly(number: int) -> range:
    """Return the range of one `number`."""
    return range(number, number + 1)


def at_least(number: int) -> range:
    """Return the range from `number` on."""
    return range(number, sys.maxsize)


@pytest.mark.parametrize("cell", CHOSEN, ids=str)
def test_a_deploy_with_a_fault_ends_with_one_true_message(
    cell: Cell, ends: dict[Cell, Future[Ended]]
) -> None:
    """It ends in time with one true message, nothing half done and no secret shown."""
    ended = ends[cell].result()
    run = ended.run
    assert run.status == (0 if succeeds(cell) else 1), run.stderr
    # The config has names that Lambda sets, and the packager warns of that each time.
    # A bucket that is not reached any more has a warning of its own.
    errors = [
        line
        for line in run.stderr.splitlines()
        if "Lambda itself sets" not in line and "The package was not deleted" not in line
    ]
    if run.status == 0:
        assert errors == []
    else:
        error, hint = errors
        assert error.startswith("Error: ")
        assert re.search(words(cell), error)
        assert hint.startswith("  ")
    says_what_is_true(cell, run, holds_new=ended.holds_new)
    assert canaries.traces(run.seen) == []
    assert run.left == []
    # Only a bucket that is not reached any more may be left with the package, or parts of it.
    assert ("may be left in the bucket" in run.stderr) == (cell.kind == REFUSED and cell.call.by_s3)
    assert not ended.parts_left or "may be left in the bucket" in run.stderr
    assert ended.tries in tries(cell)


def says_what_is_true(cell: Cell, run: Run, *, holds_new: bool) -> None:
    """Hold what the command says of the function against what the service has of it.

    That it is not known may be said only where nobody can be asked, or the only one tells lies.
    """
    says_unknown = re.search("[Ww]hether the function .* is not known", run.stderr)
    unreachable = cell.call.requests == "update" and cell.kind == REFUSED
    liar = (cell.call.name, cell.kind) == ("wait", "another package")
    assert bool(says_unknown) == (unreachable or liar)
    if not says_unknown:
        says_new = re.search(
            r"^Deployed|Lambda has accepted the package|has the one that was sent",
            run.stdout + run.stderr,
            re.MULTILINE,
        )
        assert holds_new == bool(says_new)
    unfinished = cell.call.name == "wait" and run.status != 0 and not liar
    assert unfinished == bool(re.search("whether the update succeeded", run.stderr))
