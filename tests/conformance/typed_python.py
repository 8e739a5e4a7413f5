"""Print the typed values in Python for each text on standard input, in hexadecimal UTF-16."""

import json
import sys
from collections.abc import Callable

from env_properties import EnvPropertiesError, env, override

GETTERS: dict[str, Callable[[str], object]] = {
    "integer": env.int,
    "number": env.float,
    "boolean": env.bool,
    "list": env.list,
}

for line in sys.stdin:
    text = bytes.fromhex(line).decode("utf-16-be", "surrogatepass")
    values: dict[str, object] = {}
    with override(VALUE=text):
        for name, getter in GETTERS.items():
            try:
                values[name] = getter("VALUE")
            except EnvPropertiesError:
                values[name] = None
    print(json.dumps(values), flush=True)
