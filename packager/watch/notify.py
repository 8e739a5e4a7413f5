"""Receive events about changed files from the system: the only module that imports watchdog.

An event only reports where something may have happened; `snapshot` finds the changed files.
"""

# Paths are strings here: there are thousands, and Path is much slower.
# ruff: noqa: PTH118

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import queue
import select
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from packager.lazy import lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog import events as watchdog_events
    from watchdog import observers
    from watchdog.events import FileSystemEvent
    from watchdog.observers import inotify_c
    from watchdog.observers.api import ObservedWatch
    from watchdog.observers.inotify_c import WatchDescriptor
else:
    # Each system has its own.
    watchdog_events = lazy("watchdog.events")
    observers = lazy("watchdog.observers")
    inotify_c = lazy("watchdog.observers.inotify_c")


@dataclass(frozen=True)
class Events:
    """The paths of events, in order. If events were `lost`, anything may have changed."""

    paths: tuple[str, ...] = ()
    lost: bool = False


class Watcher(Protocol):
    """Receives events about changes in folders."""

    @property
    def limit(self) -> str | None:
        """The system's limit that keeps a folder from being watched; None if it is not reached."""

    def watch(self, folder: str, *, deep: bool) -> None:
        """Report events directly in `folder`. With `deep`, those in the folders below are wanted,
        too, so that one registration may cover them.
        """

    def unwatch(self, folder: str) -> None:
        """Stop reporting events in `folder`."""

    def wait(self, seconds: float | None, wake: int | None = None) -> Events:
        """Wait for events, at most `seconds`, and return them.

        The wait also ends when the file descriptor `wake` becomes readable.
        """

    def close(self) -> None:
        """Release all resources."""


def new_watcher() -> Watcher:
    """Return the watcher for this system."""
    return Inotify() if sys.platform == "linux" else Observed()


# struct inotify_event of inotify(7): wd, mask, cookie, len; then the name, padded with NUL.
_EVENT = struct.Struct("iIII")


class Inotify:
    """Linux: registers each folder separately, and none of the ignored ones.

    watchdog's own observer registers every folder below another, starts threads, delays events by
    half a second, and does not report lost events. So only its binding to inotify is used.
    """

    def __init__(self) -> None:
        """Open an inotify instance."""
        self._inotify = inotify_c
        of = inotify_c.InotifyConstants
        # IN_OPEN, IN_ACCESS and IN_CLOSE_NOWRITE are not in the mask: reading changes nothing.
        # IN_MODIFY is, for files that grow and stay open.
        self._mask = (
            (of.IN_CREATE | of.IN_MODIFY | of.IN_CLOSE_WRITE | of.IN_ATTRIB)
            | (of.IN_MOVED_FROM | of.IN_MOVED_TO | of.IN_DELETE)
            | (of.IN_DELETE_SELF | of.IN_MOVE_SELF | of.IN_ONLYDIR)
        )
        self._file = inotify_c.inotify_init()
        self._ready = select.poll()
        self.limit = "fs.inotify.max_user_instances" if self._file == -1 else None
        if self._file != -1:
            os.set_inheritable(self._file, False)
            os.set_blocking(self._file, False)
            self._ready.register(self._file, select.POLLIN)
        # A folder can have several paths: through symbolic links, or while it is renamed.
        self._folders: dict[WatchDescriptor, set[str]] = {}
        self._descriptors: dict[str, WatchDescriptor] = {}

    def watch(self, folder: str, *, deep: bool) -> None:  # noqa: ARG002
        """Register `folder`, but nothing below it; skip it if it is missing or unreadable."""
        descriptor = self._inotify.inotify_add_watch(self._file, os.fsencode(folder), self._mask)
        if descriptor == -1:
            if ctypes.get_errno() == errno.ENOSPC:
                self.limit = "fs.inotify.max_user_watches"
        elif self._descriptors.get(folder) != descriptor:
            self.unwatch(folder)
            self._descriptors[folder] = descriptor
            self._folders.setdefault(descriptor, set()).add(folder)

    def unwatch(self, folder: str) -> None:
        """Cancel the registration of `folder`."""
        descriptor = self._descriptors.pop(folder, None)
        if descriptor is None:
            return
        folders = self._folders[descriptor]
        folders.discard(folder)
        if not folders:
            del self._folders[descriptor]
            # This fails if the folder was deleted, because that removes the registration.
            self._inotify.inotify_rm_watch(self._file, descriptor)

    def wait(self, seconds: float | None, wake: int | None = None) -> Events:
        """Wait for events, and return those of one read."""
        if wake is not None:
            self._ready.register(wake, select.POLLIN)
        try:
            self._ready.poll(None if seconds is None else seconds * 1000)
        finally:
            if wake is not None:
                self._ready.unregister(wake)
        paths: dict[str, None] = {}
        lost = False
        for descriptor, mask, name in self._read():
            lost = lost or bool(mask & self._inotify.InotifyConstants.IN_Q_OVERFLOW)
            for folder in self._folders.get(descriptor, ()):
                paths[os.path.join(folder, name) if name else folder] = None
            if mask & self._inotify.InotifyConstants.IN_IGNORED:
                self._forget(descriptor)
        return Events(tuple(paths), lost)

    def close(self) -> None:
        """Close the instance, and all registrations with it."""
        if self._file != -1:
            os.close(self._file)

    def _read(self) -> list[tuple[WatchDescriptor, int, str]]:
        try:
            data = os.read(self._file, 1 << 16)
        except BlockingIOError:
            return []
        events = []
        offset = 0
        while offset < len(data):
            descriptor, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            name = os.fsdecode(data[offset : offset + length].rstrip(b"\0"))
            events.append((descriptor, mask, name))
            offset += length
        return events

    def _forget(self, descriptor: WatchDescriptor) -> None:
        for folder in self._folders.pop(descriptor, ()):
            del self._descriptors[folder]


class Observed:
    """macOS: uses watchdog's observer, whose registration of a folder covers everything below.

    The observer's threads only queue events; the thread that calls `wait` does the rest.
    """

    limit = None

    def __init__(self) -> None:
        """Start the observer."""
        self._observer = observers.Observer()
        self._registrations: dict[str, _Registration] = {}
        self._queue: queue.SimpleQueue[tuple[_Registration, FileSystemEvent]] = queue.SimpleQueue()
        # `select` can wait for a pipe together with `wake`. Each event writes a byte to it.
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._observer.start()

    def watch(self, folder: str, *, deep: bool) -> None:
        """Register `folder`, unless it is covered; skip it if it is missing or unreadable."""
        target = os.path.realpath(folder)
        if any(known.covers(target) for known in self._registrations.values()):
            return
        registration = _Registration(folder, target, deep)
        handler = _queueing(lambda event: self._put(registration, event))
        with contextlib.suppress(OSError):
            registration.watch = self._observer.schedule(handler, target, recursive=deep)
            self._registrations[folder] = registration

    def unwatch(self, folder: str) -> None:
        """Cancel the registration of `folder`."""
        registration = self._registrations.pop(folder, None)
        if registration and registration.watch:
            with contextlib.suppress(KeyError, OSError):
                self._observer.unschedule(registration.watch)

    def wait(self, seconds: float | None, wake: int | None = None) -> Events:
        """Wait for an event, and return all that are queued."""
        select.select([self._reader, *([] if wake is None else [wake])], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 1 << 16)
        paths: dict[str, None] = {}
        with contextlib.suppress(queue.Empty):
            while True:
                registration, event = self._queue.get_nowait()
                paths |= dict.fromkeys(registration.paths(event))
        return Events(tuple(paths))

    def close(self) -> None:
        """Stop the observer's threads."""
        self._observer.stop()
        self._observer.join()
        os.close(self._reader)
        os.close(self._writer)

    def _put(self, registration: _Registration, event: FileSystemEvent) -> None:
        self._queue.put((registration, event))
        with contextlib.suppress(BlockingIOError):  # A full pipe is readable, too.
            os.write(self._writer, b"\0")


@dataclass
class _Registration:
    """A registered folder, its real path `target`, and whether everything below is covered."""

    folder: str
    target: str
    deep: bool
    watch: ObservedWatch | None = None

    def covers(self, target: str) -> bool:
        return target == self.target or (self.deep and target.startswith(self.target + os.sep))

    def paths(self, event: FileSystemEvent) -> list[str]:
        """Return the paths of the event, in terms of `folder` instead of its real path."""
        if event.event_type in ("opened", "closed_no_write"):
            return []
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        return [self.folder + path[len(self.target) :] for path in paths if self.covers_path(path)]

    def covers_path(self, path: str) -> bool:
        return path == self.target or path.startswith(self.target + os.sep)


def _queueing(put: Callable[[FileSystemEvent], None]) -> watchdog_events.FileSystemEventHandler:
    """Return a handler that only calls `put`: watchdog holds a lock during the call."""

    class Handler(watchdog_events.FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            put(event)

    return Handler()
