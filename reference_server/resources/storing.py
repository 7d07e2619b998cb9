"""A file's octets onto the disk, whole or not at all.

Everything happens relative to an open folder.  A server that is killed in the middle may leave a hidden file behind,
which nobody is served and nobody sees in a listing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat

from reference_server.http1.messages import Refusal

TEMPORARY = b".put-"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

REFUSED = {
    errno.ENOSPC: (507, "There is no room for this on the server."),
    errno.EDQUOT: (507, "There is no room for this on the server."),
    errno.EFBIG: (507, "The server cannot store files of this size."),
    errno.EACCES: (403, "The server may not change this."),
    errno.EPERM: (403, "The server may not change this."),
    errno.EROFS: (403, "What is stored here cannot be changed."),
    errno.ENAMETOOLONG: (403, "No file here can have so long a name."),
    errno.EINVAL: (403, "No file here can have this name."),
    errno.EILSEQ: (403, "No file here can have this name."),
    errno.ENOENT: (409, "The folder for this file was removed."),
    errno.EMFILE: (503, "The server has too many files open; try again."),
    errno.ENFILE: (503, "The server has too many files open; try again."),
}


def refusal_for(error: OSError) -> Refusal:
    """What a client may know about why the disk refused."""
    status, explanation = REFUSED.get(error.errno or 0, (500, "The server failed to store this."))
    return Refusal(status, explanation)


def store(folder_fd: int, name: bytes, content: bytes, replaced: os.stat_result | None) -> None:
    """Put `content` there, durably; a file that is replaced hands on its permissions."""
    temporary = TEMPORARY + secrets.token_hex(12).encode("ascii")
    fd = os.open(temporary, _CREATE, 0o666, dir_fd=folder_fd)
    try:
        with open(fd, "wb", buffering=0) as file:
            write_all(file.fileno(), content)
            if replaced is not None:
                inherit(file.fileno(), replaced)
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder_fd)
        raise
    os.fsync(folder_fd)


def write_all(fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def inherit(fd: int, replaced: os.stat_result) -> None:
    """Owner before permissions, since a change of owner may take permissions away."""
    if (replaced.st_uid, replaced.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):
            os.fchown(fd, replaced.st_uid, replaced.st_gid)
    os.fchmod(fd, stat.S_IMODE(replaced.st_mode) & 0o777)


def remove(folder_fd: int, name: bytes) -> None:
    os.unlink(name, dir_fd=folder_fd)
    os.fsync(folder_fd)
