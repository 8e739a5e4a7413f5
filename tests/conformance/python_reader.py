"""Print the result of the Python reader for each path on standard input, as Oracle.java does."""

import json
import sys

from env_properties import MalformedFileError, load


def result(path: str) -> dict[str, object]:
    """Return the pairs of a file, or the kind and line of its error."""
    try:
        return {"pairs": dict(load(path))}
    except MalformedFileError as error:
        is_mark = "byte-order mark" in str(error)
        kind = "byte-order-mark" if is_mark else "malformed-escape"
        return {"error": {"kind": kind, "line": error.line}}


for line in sys.stdin:
    print(json.dumps(result(line.rstrip("\n"))), flush=True)
