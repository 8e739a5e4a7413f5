"""Import modules when they are first used, so that a command loads only the modules it needs.

They are declared at the top of the module that uses them. Type checkers read an ordinary import;
Python runs the other branch:

    if TYPE_CHECKING:
        import deflate
    else:
        deflate = lazy("deflate")
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class _LazyModule(ModuleType):
    """A stand-in that imports its module on attribute access; importlib makes it thread-safe."""

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self.__name__), name)


def lazy(name: str) -> ModuleType:
    """Return a stand-in for the module with this full name; import errors are raised on use."""
    return _LazyModule(name)
