"""One fault at a chosen request of a deploy: the message is true, and nothing is left behind.

A cell of the matrix is a call, a kind of fault, and whether it happens once or always. The cells
run side by side, because most of their time is waiting.
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
from tests.faults.conftest import ALL, selected_cells
from tests.faults.kinds import KINDS, NO_RESPONSE, Kind
from tests.proxy import Proxy, changed, proxying, refusing_next
from tests.service import Service

SECRET = "canary of the function's own environment"
AT_ONCE = 6


@dataclass(frozen=True)
class Call:
    """A call of a deploy: the name of its requests at the proxy, and of the call before it."""

    name: str
    requests: str
    before: str = ""
    skip: int = 0
    skip_before: int = 0
    by_s3: bool = False

    @property
    def at_lambda(self) -> bool:
        """Return whether the call goes to Lambda, not to S3."""
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
    """A cell of the matrix."""

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
        """Return whether a request with the fault should be sent again."""
        if self.call.requests == "update":
            # The function's state shows the result of an update whose response cannot be parsed.
            return self.kind == "conflict" or (self.fault.retried and not self.fault.unparseable)
        return self.fault.retried


@dataclass(frozen=True)
class Outcome:
    """The result of a deploy with a fault.

    `tries` counts the request with the fault (if there were several, the one sent most often) or,
    if connections were refused, all of them.
    """

    run: Run
    tries: int
    holds_new: bool
    parts_left: bool


def matrix() -> Iterator[Cell]:
    """Return every cell; without a retry, once and always are the same, so there is only one."""
    for call in CALLS:
        yield Cell(call, REFUSED, once=False)
        for name, kind in KINDS.items():
            if call.at_lambda or kind.at_s3:
                always = Cell(call, name, once=False)
                yield always
                if always.retried:
                    yield Cell(call, name, once=True)


# A cell at S3 takes seconds, because its package is large.
CHOSEN = [
    cell
    for cell in matrix()
    if ALL
    or not cell.call.by_s3
    or (
        cell.kind in ("reset during the body", "denied", "garbage", "502", REFUSED)
        and not cell.once
    )
    or (cell.kind in ("503", "lost response") and cell.once)
]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest,
    service: Service,
    jars: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[Cell, Future[Outcome]]:
    """Start all cells that are selected in this run."""
    cells: list[Cell] = selected_cells(request)
    # All cells end in this block: pytest changes the environment between tests, and threads read
    # it.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {
            cell: pool.submit(deploy_with, cell, service, jars, tmp_path_factory.mktemp("cell"))
            for cell in cells
        }


def deploy_with(cell: Cell, service: Service, jars: Path, folder: Path) -> Outcome:
    """Deploy with the fault of `cell`, to a function and a bucket of its own."""
    name = folder.name
    service.create_function(name)
    service.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"SECRET": SECRET}}
    )
    s3 = service.client("s3")
    service.create_bucket(name)
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
    outcome = Outcome(
        run=run,
        tries=refused if cell.kind == REFUSED else most_tries(proxy, cell.call),
        holds_new=service.stored(name) != before,
        parts_left="Uploads" in s3.list_multipart_uploads(Bucket=name),
    )
    service.delete(name)
    return outcome


def connections_tried(run: Run) -> int:
    """Count the connections that a deploy tried to open, from the log of urllib3."""
    return len(re.findall(r"urllib3\S+:(Starting new HTTP|Resetting dropped) connection", run.log))


def most_tries(proxy: Proxy, call: Call) -> int:
    """Return how often a request of `call` was sent; for parts, the one sent most often."""
    tries = max(proxy.tries(call.requests).values())
    return tries - call.skip if call.at_lambda else tries


def prepare(proxy: Proxy, cell: Cell) -> None:
    """Configure the proxy to inject the cell's fault."""
    call = cell.call
    in_progress = changed(LastUpdateStatus="InProgress")
    if call.name == "wait":
        proxy.on("update", in_progress)
    if cell.kind == REFUSED:
        if call.name == "wait":
            proxy.rules.clear()
            proxy.on("update", refusing_next(in_progress))
        elif call.before:
            proxy.on(call.before, refusing_next(), skip=call.skip_before)
        else:
            proxy.shut_down()
    else:
        fault = cell.fault.at_lambda if call.at_lambda else cell.fault.at_s3
        assert fault
        proxy.on(call.requests, fault, skip=call.skip, times=1 if cell.once else None)


def seconds(cell: Cell) -> str:
    """Return a `--timeout`: short if the deploy uses it up, long if only a slow machine does."""
    lasts = cell.kind in ("silence", "conflict") or (cell.kind in THROTTLED and not cell.once)
    if cell.call.by_s3:
        return "15" if lasts else "30"
    return "6" if lasts or cell.call.name == "wait" else "30"


def succeeds(cell: Cell) -> bool:
    """Return whether the deploy should succeed despite the fault."""
    name = cell.call.name
    if cell.kind == REFUSED:
        return False
    if cell.kind == "denied":
        return name in ("state", "wait")
    if cell.kind == "another package":
        return name == "state"
    if cell.call.requests == "update" and cell.fault.carried_out:
        return True  # the function's state shows it
    return cell.once


def may_leave_upload(cell: Cell) -> bool:
    """Return whether the id of an upload that S3 may have begun is not received."""
    fault = KINDS.get(cell.kind)
    is_uncertain = cell.kind in (REFUSED, "500", "502") or (
        fault is not None and (fault.unparseable or fault.words == NO_RESPONSE)
    )
    return cell.call.name == "start upload" and is_uncertain


def words(cell: Cell) -> str:
    """Return a pattern of the expected error."""
    return NO_RESPONSE if cell.kind == REFUSED else cell.fault.words


def tries(cell: Cell) -> range:
    """Return the expected number of tries."""
    call = cell.call
    if cell.kind == REFUSED:
        if call.name == "state":
            return exactly(3)
        if call.name == "update by S3":
            return exactly(3 + 3 + 3)  # the object is deleted as well
        if call.requests == "update":
            return exactly(3 + 3)  # the result is checked afterwards
        return at_least(3)
    if cell.once:
        return exactly(2)
    if cell.kind == "conflict" and call.requests == "update":
        return at_least(2)
    if cell.kind in THROTTLED:
        return at_least(3)  # throttled requests are repeated until the timeout
    if call.name == "wait" and cell.retried:
        return at_least(3)  # the state is requested until the timeout
    if not call.at_lambda and cell.kind == "redirect":
        return exactly(2)  # botocore checks whether the bucket is in another region
    return exactly(3) if cell.retried else exactly(1)


def exactly(number: int) -> range:
    """Return a range that contains only `number`."""
    return range(number, number + 1)


def at_least(number: int) -> range:
    """Return the range of numbers from `number`."""
    return range(number, sys.maxsize)


@pytest.mark.parametrize("cell", CHOSEN, ids=str)
def test_a_deploy_with_a_fault_ends_with_one_true_message(
    cell: Cell, outcomes: dict[Cell, Future[Outcome]]
) -> None:
    """It ends in time with one true error, leaves nothing half done and shows no secret."""
    outcome = outcomes[cell].result()
    run = outcome.run
    assert run.status == (0 if succeeds(cell) else 1), run.stderr
    # The config contains names that Lambda sets, so every deploy prints this warning. There is a
    # second one if the bucket becomes unreachable, or if a deploy succeeds at the second try.
    warnings = r"Lambda itself sets|The package was not deleted|: An upload without parts may be"
    errors = [line for line in run.stderr.splitlines() if not re.search(warnings, line)]
    if run.status == 0:
        assert errors == []
    else:
        error, hint = errors
        assert error.startswith("Error: ")
        assert re.search(words(cell), error)
        assert hint.startswith("  ")
    assert_report_is_true(cell, run, holds_new=outcome.holds_new)
    assert canaries.traces(run.seen) == []
    assert run.left == []
    # Only in an unreachable bucket may the package or parts of it remain.
    may_be_left = may_leave_upload(cell) or (cell.kind == REFUSED and cell.call.by_s3)
    assert ("may be left in the bucket" in run.stderr) == may_be_left
    assert not outcome.parts_left or "may be left in the bucket" in run.stderr
    assert outcome.tries in tries(cell)


def assert_report_is_true(cell: Cell, run: Run, *, holds_new: bool) -> None:
    """Compare what the command reports about the function with what the service stores.

    The report may be "not known" only if the service is unreachable or its responses are wrong.
    """
    says_unknown = re.search("not known whether the function (was|runs)", run.stderr)
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
