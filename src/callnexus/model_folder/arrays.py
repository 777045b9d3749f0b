"""The arrays of a model: declared by name, type and shape, and read from weights.npz by that declaration alone."""

import io
import math
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from callnexus.errors import ModelFolderError
from callnexus.labels import LABEL_NAMES
from callnexus.model_folder.files import LARGEST
from callnexus.sufficiency import KNOWN_BITS

LARGEST_UNPACKED = LARGEST["weights.npz"]
"""Bytes of all arrays together."""


@dataclass(frozen=True, slots=True)
class DeclaredArray:
    """One array that a format has.

    Attributes:
        name: In weights.npz.
        type: The exact type.
        shape: Sizes; a size given by name is any number, but the same wherever the name stands.
    """

    name: str
    type: str
    shape: tuple[int | str, ...]


_WEIGHTS = DeclaredArray("weights", "<f4", ("columns", len(LABEL_NAMES)))
_INTERCEPTS = DeclaredArray("intercepts", "<f8", (len(LABEL_NAMES),))
_KNOWN_WORDS = DeclaredArray("known_words", "|u1", (1 << KNOWN_BITS >> 3,))
ARRAYS_OF = {1: (_WEIGHTS, _INTERCEPTS), 2: (_WEIGHTS, _INTERCEPTS, _KNOWN_WORDS)}
"""The arrays of each format. A new one is a line here, and is named where `writing` packs and `reading` builds."""

_UNREADABLE = (
    ValueError, KeyError, EOFError, OSError, RuntimeError, SyntaxError, TokenError, zipfile.BadZipFile, zlib.error,
    UserWarning,
)  # fmt: skip
"""What zipfile and NumPy raise on damaged content. NumPy reads a header as Python: a damaged one is a SyntaxError,
and one that could be of Python 2 a warning."""


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the content of weights.npz; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    # A row of weights lies together: predicting gathers rows.
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    np.savez_compressed(buffer, **whole)  # type: ignore[arg-type] # the stub's options come by name too
    return buffer.getvalue()


def unpack(content: bytes, number: int, path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a format by name, none of them writeable.

    Nothing is unpacked before names, types, shapes and sizes are those declared; a header that promises less than it
    brings gets no more than it promised.

    Args:
        content: What weights.npz holds.
        number: The format.
        path: For errors.

    Raises:
        ModelFolderError: If an array is missing, extra, of another type or shape, not finite, or too large.
    """
    declared = {f"{array.name}.npy": array for array in ARRAYS_OF[number]}
    sizes: dict[str, int] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = packed.infolist()
            if sorted(member.filename for member in members) != sorted(declared):
                raise ModelFolderError(f"{path}: exactly these arrays are needed: {', '.join(sorted(declared))}")
            if sum(member.file_size for member in members) > LARGEST_UNPACKED:
                raise ModelFolderError(f"{path}: larger than {LARGEST_UNPACKED} bytes when unpacked")
            arrays = {}
            for member in members:
                with packed.open(member) as file:
                    array = declared[member.filename]
                    arrays[array.name] = _read(file, member.file_size, array, sizes, path)
    except ModelFolderError:
        raise
    except _UNREADABLE as error:
        raise ModelFolderError(f"{path}: not the arrays of a model: {type(error).__name__}") from error
    return arrays


def _read(file: IO[bytes], size: int, array: DeclaredArray, sizes: dict[str, int], path: Path) -> NDArray[Any]:
    if npy.read_magic(file) != (1, 0):
        raise ModelFolderError(f"{path}: {array.name} is not written in version 1.0 of NumPy's format")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        shape, by_column, found = npy.read_array_header_1_0(file)
    if found != np.dtype(array.type):
        raise ModelFolderError(f"{path}: {array.name} must be of type {array.type}")
    if not _fits(shape, array.shape, sizes):
        raise ModelFolderError(f"{path}: {array.name} must have the shape {array.shape}, not {shape}")
    length = math.prod(shape) * found.itemsize
    if size != file.tell() + length:
        raise ModelFolderError(f"{path}: {array.name} is not as long as its header says")
    values: NDArray[Any] = np.frombuffer(file.read(length), found).reshape(shape, order="F" if by_column else "C")
    if file.read(1) or not np.isfinite(values).all():
        raise ModelFolderError(f"{path}: {array.name} must be finite")
    return values


def _fits(shape: tuple[int, ...], declared: tuple[int | str, ...], sizes: dict[str, int]) -> bool:
    if len(shape) != len(declared):
        return False
    return all(
        size == (sizes.setdefault(wanted, size) if isinstance(wanted, str) else wanted)
        for size, wanted in zip(shape, declared, strict=True)
    )
