"""The files of a model folder: which there may be, how large, and how they are read without trusting the folder."""

import os
import stat
from pathlib import Path

from callnexus import lexicon
from callnexus.errors import ModelFolderError

LEXICON_FILES = tuple(f"lexicon/{name}" for name in lexicon.FILES)
REPORT_FILES = ("card.md", "fairness.html", "fairness.json")
GOLDEN = "golden.jsonl"
APPROVAL, SIGNATURE = "approval.json", "signature.sig"
OPTIONAL = (APPROVAL, SIGNATURE)
"""Files that come after packaging, beside the verified ones: no manifest names them."""

_FIRST = ("manifest.json", "weights.npz", "policy.toml", *LEXICON_FILES, *REPORT_FILES)
FILES_OF = {1: _FIRST, 2: (*_FIRST, GOLDEN)}
"""The files that a folder of each format must hold."""

_MIB = 2**20
LARGEST = {
    **dict.fromkeys(LEXICON_FILES, 8 * _MIB),
    **dict.fromkeys(REPORT_FILES, 16 * _MIB),
    "manifest.json": 4 * _MIB,
    "weights.npz": 64 * _MIB,
    "policy.toml": _MIB,
    GOLDEN: _MIB,
    APPROVAL: _MIB // 16,
    SIGNATURE: _MIB,
}
"""Bytes above which a file is refused before it is read, by the only names that may stand in a model folder."""

_FOLDERS = ("lexicon",)
# A link is not followed, and a pipe put in a file's place does not hang the reader.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file by its name in the folder; no file is opened before all names are known.

    Raises:
        ModelFolderError: If the folder is missing, holds anything but regular files of known names and sizes, or cannot
            be read, naming the file.
    """
    try:
        if not folder.is_dir():
            raise ModelFolderError(f"{folder}: no such model folder")
        names = _names(folder)
    except OSError as error:
        raise ModelFolderError(f"{folder}: cannot be read: {error.strerror}") from error
    return {name: read_file(folder / name, LARGEST[name]) for name in sorted(names)}


def check_names(folder: Path, found: dict[str, bytes], number: int) -> None:
    """Check that the files found are those of the format.

    Raises:
        ModelFolderError: If one is missing or extra.
    """
    for name in FILES_OF[number]:
        if name not in found:
            raise ModelFolderError(f"{folder / name}: missing")
    if extra := sorted(set(found) - {*FILES_OF[number], *OPTIONAL}):
        raise ModelFolderError(f"{folder / extra[0]}: no file of that name belongs in a model folder")


def _names(folder: Path) -> list[str]:
    names, places = [], [""]
    # The first unknown name ends the listing, so a folder with a million files costs no more than one with ten.
    for place in places:
        with os.scandir(folder / place) as entries:
            for entry in entries:
                name = f"{place}{entry.name}"
                if _is_folder(entry, name, folder):
                    places.append(f"{name}/")
                else:
                    names.append(name)
    return names


def _is_folder(entry: "os.DirEntry[str]", name: str, folder: Path) -> bool:
    """Return whether an entry is a known folder, not a known file; anything else is refused."""
    # A name may hold what would act on a terminal.
    shown = f"{folder / name}" if name.isprintable() else f"{folder}: {name!a}"
    if entry.is_symlink():
        raise ModelFolderError(f"{shown}: a model folder holds no links")
    if entry.is_dir(follow_symlinks=False):
        if name not in _FOLDERS:
            raise ModelFolderError(f"{shown}: no folder of that name belongs in a model folder")
        return True
    if name not in LARGEST:
        raise ModelFolderError(f"{shown}: no file of that name belongs in a model folder")
    if not entry.is_file(follow_symlinks=False):
        raise ModelFolderError(f"{shown}: not a regular file")
    return False


def read_file(path: Path, largest: int) -> bytes:
    """Return the content of one regular file.

    Raises:
        ModelFolderError: If it is a link, a pipe or a device, larger than `largest` bytes, or cannot be read.
    """
    try:
        with open(os.open(path, _FLAGS), "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise ModelFolderError(f"{path}: not a regular file")
            if state.st_size > largest:
                raise ModelFolderError(f"{path}: larger than {largest} bytes")
            content = file.read(state.st_size + 1)
    except OSError as error:
        raise ModelFolderError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) != state.st_size:
        raise ModelFolderError(f"{path}: changed while it was read")
    return content
