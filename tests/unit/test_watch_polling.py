"""Which file systems do not report changes from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.watch.polling import file_system_without_events

# Lines of /proc/self/mountinfo on these systems.
WSL = r"""
85 64 8:32 / / rw,relatime - ext4 /dev/sdc rw,discard,errors=remount-ro,data=ordered
107 85 0:63 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\;uid=1000,trans=fd
108 85 0:64 / /mnt/My\040Disk rw,noatime - drvfs D: rw
""".strip()
DOCKER_DESKTOP = """
612 611 0:95 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
620 612 0:33 /host_mnt/Users /app rw,relatime - fakeowner /run/host_mark/Users rw
621 612 0:46 /Users /virtio rw,relatime master:3 - virtiofs share rw
622 612 0:47 / /grpc rw,relatime - fuse.grpcfuse grpcfuse rw
623 612 0:48 / /app/node_modules rw,relatime - ext4 /dev/vda1 rw
""".strip()
NETWORK = """
25 1 8:1 / / rw - ext4 /dev/sda1 rw
26 25 0:50 / /nfs rw - nfs4 server:/export rw
27 25 0:51 / /smb rw - smb3 //server/share rw
28 25 0:52 / /sshfs rw - fuse.sshfs user@host: rw
29 25 0:53 / /ntfs rw - fuseblk /dev/sdb1 rw
30 25 0:54 / /podman rw - fuse.fuse-overlayfs fuse-overlayfs rw
31 25 0:55 / /nfs/covered rw - nfs4 server:/other rw
32 31 0:56 / /nfs/covered rw - tmpfs tmpfs rw
""".strip()


@pytest.mark.parametrize(
    ("mounts", "path", "kind"),
    [
        (WSL, "/home/ana/app", None),
        (WSL, "/mnt/c/Users/ana/app", "9p"),
        (WSL, "/mnt/c", "9p"),
        (WSL, "/mnt/cd/app", None),
        (WSL, "/mnt/My Disk/app", "drvfs"),
        (DOCKER_DESKTOP, "/home/app", None),
        (DOCKER_DESKTOP, "/app", "fakeowner"),
        (DOCKER_DESKTOP, "/app/node_modules", None),
        (DOCKER_DESKTOP, "/virtio/app", "virtiofs"),
        (DOCKER_DESKTOP, "/grpc/app", "fuse.grpcfuse"),
        (NETWORK, "/nfs/app", "nfs4"),
        (NETWORK, "/smb/app", "smb3"),
        (NETWORK, "/sshfs/app", "fuse.sshfs"),
        (NETWORK, "/ntfs/app", None),
        (NETWORK, "/podman/app", None),
        (NETWORK, "/nfs/covered/app", None),
    ],
)
def test_a_file_system_that_may_not_report_changes_is_named(
    mounts: str, path: str, kind: str | None, tmp_path: Path
) -> None:
    """The innermost mount of the path counts, and the last of several at one place."""
    file = tmp_path / "mountinfo"
    file.write_text(f"{mounts}\n")
    assert file_system_without_events(Path(path), file) == kind


def test_without_a_list_of_mounts_no_file_system_is_named(tmp_path: Path) -> None:
    """For example, macOS has no such list."""
    assert file_system_without_events(tmp_path, tmp_path / "nothing") is None


def test_the_mounts_of_this_machine_can_be_read() -> None:
    """The system's own list has the expected format."""
    assert file_system_without_events(Path("/proc")) is None
