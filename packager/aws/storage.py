"""Put packages into an S3 bucket, from which Lambda copies them."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from packager.aws.client import Clients, silence_debug_logs
from packager.aws.composition import SMALLEST_PART, Composition, NotComposedError
from packager.aws.upload import S3Object, Upload
from packager.config.settings import Settings
from packager.errors import PackagerError
from packager.function import Package
from packager.lazy import lazy
from packager.signals import at_forced_end

if TYPE_CHECKING:
    from boto3.s3 import transfer as s3_transfer
else:
    s3_transfer = lazy("boto3.s3.transfer")


def package_store(settings: Settings, clients: Clients, functions: int = 1) -> PackageStore:
    """Return the store in the bucket of the settings for `functions`, a number in one region."""
    prefix = f"{settings.s3_prefix.rstrip('/')}/" if settings.s3_prefix else ""
    return PackageStore(
        clients, settings.s3_bucket or "", f"{prefix}{settings.function_name}/", functions
    )


class PackageStore:
    """Puts packages into a bucket, under keys that begin with `prefix`, until Lambda has them.

    The functions of a region share it, so that a package is uploaded once for all of them.
    """

    def __init__(self, clients: Clients, bucket: str, prefix: str, functions: int = 1) -> None:
        """Begin without packages. The store serves this number of `functions`."""
        self._clients = clients
        self.bucket = bucket
        self._prefix = prefix
        self._functions = functions
        self._lock = threading.Lock()
        self._uploads: dict[str, Upload] = {}
        # The functions that no longer need a package.
        self._served: dict[str, set[str]] = {}
        # Sentences about what may be left of uploads that nobody waits for.
        self._left: list[str] = []
        self._until_removed: dict[str, contextlib.ExitStack] = {}

    @property
    def place(self) -> str:
        """Return the bucket and the folder in it, where `kill -9` may leave a package."""
        return f"{self.bucket}/{self._prefix}"

    def takes(self, package: Package) -> bool:
        """Return whether the package is large enough to be assembled from parts."""
        return package.size >= SMALLEST_PART

    def put(self, package: Package, on_sent: Callable[[int, int], None]) -> S3Object:
        """Put the package into the bucket, if it is not there already (`s3:PutObject`).

        A failed upload leaves nothing there, or the error says what may be left.
        """
        with self._lock:
            if package.sha256 not in self._uploads:
                self._upload(package, on_sent)
            return self._uploads[package.sha256].target

    def is_served(self, package: Package, function: str) -> str | None:
        """Note that `function` has the package, and remove it once all functions have it.

        Return a sentence about what may be left in the bucket.
        """
        with self._lock:
            served = self._served.setdefault(package.sha256, set())
            served.add(function)
            return self._remove(package.sha256) if len(served) >= self._functions else None

    def clear(self) -> list[str]:
        """Remove all packages; return sentences about what may be left in the bucket."""
        with self._lock:
            removed = [self._remove(sha256) for sha256 in [*self._uploads]]
            left, self._left = [*self._left, *filter(None, removed)], []
            return left

    def _remove(self, sha256: str) -> str | None:
        upload = self._uploads.get(sha256)
        left = upload.remove() if upload else None
        # Afterwards, so that `clear` can repeat a removal that a signal has interrupted.
        self._uploads.pop(sha256, None)
        self._served.pop(sha256, None)
        self._until_removed.pop(sha256, contextlib.ExitStack()).close()
        return left

    def _upload(self, package: Package, on_sent: Callable[[int, int], None]) -> None:
        client = self._clients.shared("s3")
        # The key is random, so that two deploys cannot remove each other's package.
        key = f"{self._prefix}{package.sha256}-{secrets.token_hex(4)}.zip"
        upload = Upload(client, S3Object(self.bucket, key))
        self._uploads[package.sha256] = upload
        forced_end = self._until_removed[package.sha256] = contextlib.ExitStack()
        forced_end.enter_context(at_forced_end(upload.leftovers))
        errors = self._clients.errors("s3:PutObject", self.bucket)
        with self._removed_if_it_fails(package), errors:
            self._send(client, upload, package, on_sent)

    def _send(
        self, client: Any, upload: Upload, package: Package, on_sent: Callable[[int, int], None]
    ) -> None:
        """Send the parts of the package that the bucket does not have, or else all of it."""
        if package.prefix_size >= SMALLEST_PART:
            kept = S3Object(self.bucket, f"{self._prefix}code/{package.prefix_sha256}")
            composition = Composition(client, kept, package, on_sent)
            with contextlib.suppress(NotComposedError):
                composition.keep_prefix()
                with upload.recorded():
                    composition.assemble(upload.target)
                return
            upload.abort()
        with upload.recorded():
            self._send_whole(client, upload.target, package, on_sent)

    def _send_whole(
        self, client: Any, target: S3Object, package: Package, on_sent: Callable[[int, int], None]
    ) -> None:
        done = 0

        def add(count: int) -> None:
            nonlocal done
            done += count
            on_sent(done, package.size)

        # Four parts of 8 MB each at a time; more would gain little.
        config = s3_transfer.TransferConfig(max_concurrency=4, preferred_transfer_client="classic")
        with s3_transfer.S3Transfer(client, config) as transfer:
            silence_debug_logs()  # for the modules that this has imported
            transfer.upload_file(str(package.path), target.bucket, target.key, callback=add)

    @contextlib.contextmanager
    def _removed_if_it_fails(self, package: Package) -> Iterator[None]:
        try:
            yield
        except PackagerError as error:
            if left := self._remove(package.sha256):
                raise type(error)(error.message, f"{error.hint} {left}") from None
            raise
        except KeyboardInterrupt as interrupt:
            if left := self._remove(package.sha256):
                interrupt.args = (left,)
            raise
        except BaseException:  # The release ends; `clear` reports what may be left.
            if left := self._remove(package.sha256):
                self._left.append(left)
            raise
