"""Modules that are loaded when they are first used, so that a command only loads what it needs.

They are declared once, at the top of the module that uses them. Type checkers read an ordinary
import; Python runs the other branch:

    if TYPE_CHECKING:
        import deflate
    else:
        deflate = lazy("deflate")
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class _LazyModule(ModuleType):
    """Stands for a module that any attribute loads; importlib's locks make that thread-safe."""

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self.__name__), name)


def lazy(name: str) -> ModuleType:
    """Return a stand-in for the module with this full name; errors are raised when it is used."""
    return _LazyModule(name)
