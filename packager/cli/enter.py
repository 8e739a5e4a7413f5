"""The Enter key of the terminal that the packager is in the foreground of."""

from __future__ import annotations

import contextlib
import os
import select

_STDIN = 0
_MOST = 4096


class Enter:
    """Hears whether Enter is pressed, and takes nothing that is meant for another program."""

    def __init__(self) -> None:
        """Hear nothing if stdin is not a terminal."""
        self._is_open = os.isatty(_STDIN)

    @property
    def file(self) -> int | None:
        """Stdin; None if nobody can press Enter, or if that is for the shell.

        Whoever reads from a terminal in the background is stopped by the system.
        """
        with contextlib.suppress(OSError):
            if self._is_open and os.tcgetpgrp(_STDIN) == os.getpgrp():
                return _STDIN
        return None

    def pressed(self) -> bool:
        """Return whether Enter was pressed since the last time."""
        is_pressed = False
        while (file := self.file) is not None and select.select([file], [], [], 0)[0]:
            try:
                read = os.read(file, _MOST)
            except OSError:
                read = b""
            self._is_open = bool(read)  # After Ctrl-D, or without the terminal, there is no more.
            is_pressed = is_pressed or bool(read)
        return is_pressed
