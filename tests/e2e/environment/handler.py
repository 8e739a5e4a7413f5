"""A handler that does not know the packager: it returns its environment."""

import os


def main(event: dict[str, str], context: object) -> dict[str, str]:
    """Return the variables whose names begin with the event's `prefix`."""
    return {name: os.environ[name] for name in os.environ if name.startswith(event["prefix"])}
