"""Notice the Enter key while the packager runs in the foreground of a terminal."""

from __future__ import annotations

import contextlib
import os
import select

_STDIN = 0
_MOST = 4096


class Enter:
    """Notices whether Enter was pressed, and reads no input that is for another program."""

    def __init__(self) -> None:
        """Notice nothing if stdin is not a terminal."""
        self._is_open = os.isatty(_STDIN)

    @property
    def file(self) -> int | None:
        """Stdin; None if it is not a terminal, or the packager runs in the background.

        The system stops a background process that reads from its terminal.
        """
        with contextlib.suppress(OSError):
            if self._is_open and os.tcgetpgrp(_STDIN) == os.getpgrp():
                return _STDIN
        return None

    def pressed(self) -> bool:
        """Return whether Enter was pressed since the last call."""
        is_pressed = False
        while (file := self.file) is not None and select.select([file], [], [], 0)[0]:
            try:
                read = os.read(file, _MOST)
            except OSError:
                read = b""
            self._is_open = bool(
                read
            )  # After Ctrl-D, or if the terminal is closed, nothing follows.
            is_pressed = is_pressed or bool(read)
        return is_pressed
