"""Putting a finished folder in its place in one step, so that there is a whole version at every moment.

Linux and macOS can exchange two folders in one step of the file system. Where neither can (Windows, some network file
systems), the old folder is moved aside first; if the process dies right then, the next writer of the same
release moves it back (`recover`).
"""

import ctypes
import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

from callnexus.errors import ModelFolderError

NEW, OLD = ".new", ".old"
_STALE_SECONDS = 24 * 3600
"""A half-written folder of this age belongs to a writer that is gone."""

_AT_CWD = -100
_EXCHANGE = 2
"""RENAME_EXCHANGE of Linux' renameat2 and RENAME_SWAP of macOS' renamex_np have the same value."""


def put(new: Path, target: Path, *, replace: bool) -> None:
    """Move a finished folder to its target; with `replace`, what was there is then at `new`.

    Raises:
        ModelFolderError: If the target is there and `replace` is false, or the file system refuses.
    """
    try:
        # A folder that holds files is never overwritten by a rename.
        new.rename(target)
    except OSError as error:
        if not target.exists():
            raise ModelFolderError(f"{target}: cannot be written: {error.strerror}") from error
        if not replace:
            raise ModelFolderError(f"{target} was written by somebody else meanwhile; theirs was kept") from error
        if not _exchange(new, target):
            _move_aside(new, target)
    sync(target.parent)


def recover(target: Path) -> None:
    """Bring back a version that was moved aside by a writer that died, and remove what dead writers left half done."""
    for left in sorted(target.parent.glob(f".{target.name}.*")):
        # Another writer may be at the same work; whatever it took is in good hands.
        with suppress(OSError):
            if left.suffix == OLD and not target.exists():
                left.rename(target)
            elif left.suffix in (NEW, OLD) and time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def sync(folder: Path) -> None:
    """Have the names in a folder survive a loss of power, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Return whether the system exchanged the two folders in one step."""
    paths = os.fsencode(one.absolute()), os.fsencode(other.absolute())
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return int(system.renamex_np(*paths, _EXCHANGE)) == 0
        return int(system.renameat2(_AT_CWD, paths[0], _AT_CWD, paths[1], _EXCHANGE)) == 0
    except (AttributeError, OSError, TypeError):
        return False


def _move_aside(new: Path, target: Path) -> None:
    aside = new.with_suffix(OLD)
    try:
        target.rename(aside)
        new.rename(target)
    except OSError as error:
        if aside.exists() and not target.exists():
            aside.rename(target)
        raise ModelFolderError(f"{target} was written by somebody else meanwhile; theirs was kept") from error
    shutil.rmtree(aside, ignore_errors=True)
