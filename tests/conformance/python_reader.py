"""Answers each path on standard input with what the Python reader says, as Oracle.java does."""

import json
import sys

from env_properties import MalformedFileError, load


def answer(path: str) -> dict[str, object]:
    """The pairs of a file, or the kind and line of its error."""
    try:
        return {"pairs": dict(load(path))}
    except MalformedFileError as error:
        is_mark = "byte-order mark" in str(error)
        kind = "byte-order-mark" if is_mark else "malformed-escape"
        return {"error": {"kind": kind, "line": error.line}}


for line in sys.stdin:
    print(json.dumps(answer(line.rstrip("\n"))), flush=True)
