import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.model_folder.sealing import seal

from callnexus.errors import ModelFolderError
from callnexus.model_folder import FORMAT, arrays, read
from callnexus.sufficiency import KNOWN_BITS

KNOWN_WORDS = np.zeros(1 << KNOWN_BITS >> 3, np.uint8)
GOOD = {"weights": np.ones((8, 2), np.float32), "intercepts": np.zeros(2), "known_words": KNOWN_WORDS}
WHERE = Path("weights.npz")


def packed(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: NDArray[Any], version: tuple[int, int] = (1, 0)) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version, allow_pickle=True)
    return buffer.getvalue()


def members(**changes: bytes | None) -> dict[str, bytes]:
    whole = {name: npy(array) for name, array in GOOD.items()} | changes
    return {f"{name}.npy": content for name, content in whole.items() if content is not None}


def test_arrays_come_back_exactly_and_cannot_be_written_to():
    weights = np.asfortranarray(np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32))

    found = arrays.unpack(arrays.pack(GOOD | {"weights": weights}), FORMAT, WHERE)

    assert np.array_equal(found["weights"], weights)
    assert found["weights"].flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        found["weights"][0, 0] = 1


def test_arrays_in_columns_are_read_too():
    weights = np.asfortranarray(np.arange(16, dtype=np.float32).reshape(8, 2))

    found = arrays.unpack(packed(members(weights=npy(weights))), FORMAT, WHERE)

    assert np.array_equal(found["weights"], weights)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (packed(members(intercepts=None)), "exactly these arrays"),
        (packed(members(extra=npy(np.zeros(1)))), "exactly these arrays"),
        (packed({**members(intercepts=None), "../intercepts.npy": npy(np.zeros(2))}), "exactly these arrays"),
        (packed({**members(intercepts=None), "/intercepts.npy": npy(np.zeros(2))}), "exactly these arrays"),
        (packed(members(weights=npy(np.ones((8, 2))))), "of type <f4"),
        (packed(members(weights=npy(np.ones((8, 2), ">f4")))), "of type <f4"),
        (packed(members(intercepts=npy(np.zeros(3)))), "the shape"),
        (packed(members(intercepts=npy(np.zeros(())))), "the shape"),
        (packed(members(weights=npy(np.ones((8, 3), np.float32)))), "the shape"),
        (packed(members(weights=npy(np.full((8, 2), np.nan, np.float32)))), "must be finite"),
        (packed(members(intercepts=npy(np.array([0, np.inf])))), "must be finite"),
        (packed(members(weights=npy(np.array([{}, {}], object)))), "of type <f4"),
        (packed(members(intercepts=npy(np.array(["a", "b"])))), "of type <f8"),
        (packed(members(weights=npy(GOOD["weights"])[:-1])), "not as long as its header says"),
        (packed(members(weights=npy(GOOD["weights"]) + b"0")), "not as long as its header says"),
        (packed(members(weights=npy(GOOD["weights"], (2, 0)))), "version 1.0"),
        (packed(members(weights=b"")), "not the arrays of a model"),
        (packed(members(weights=b"\x93NUMPY\x01\x00\xff\xff{")), "not the arrays of a model"),
        (packed(members(), zipfile.ZIP_LZMA)[:200], "not the arrays of a model"),
        (b"", "not the arrays of a model"),
        (b"PK\x05\x06" + b"\0" * 18, "exactly these arrays"),
    ],
)
def test_arrays_that_no_model_has_are_refused(content: bytes, reason: str):
    with pytest.raises(ModelFolderError, match=reason):
        arrays.unpack(content, FORMAT, WHERE)


def test_an_array_that_unpacks_to_more_than_allowed_is_refused_unread():
    content = packed(members(weights=b"\0" * (arrays.LARGEST_UNPACKED + 1)))

    assert len(content) < 100_000
    with pytest.raises(ModelFolderError, match="when unpacked"):
        arrays.unpack(content, FORMAT, WHERE)


def test_a_header_that_promises_more_than_the_file_holds_is_refused():
    many = npy(GOOD["weights"]).replace(b"(8, 2), }      ", b"(99999999, 2),}")

    with pytest.raises(ModelFolderError, match="not as long as its header says"):
        arrays.unpack(packed(members(weights=many)), FORMAT, WHERE)


def test_a_size_in_the_archive_that_is_a_lie_is_refused():
    content = packed(members(), zipfile.ZIP_STORED)
    true_size = len(members()["weights.npy"]).to_bytes(4, "little")

    with pytest.raises(ModelFolderError):
        arrays.unpack(content.replace(true_size, (10).to_bytes(4, "little")), FORMAT, WHERE)


def test_every_damage_of_the_archive_is_the_documented_error():
    content = arrays.pack(GOOD)
    for place in range(len(content)):
        for value in (0, 255, content[place] ^ 1):
            damaged = bytearray(content)
            damaged[place] = value
            try:
                arrays.unpack(bytes(damaged), FORMAT, WHERE)
            except ModelFolderError:
                continue


def test_a_header_that_could_be_of_python_2_is_refused_without_a_warning():
    header = npy(GOOD["intercepts"]).replace(b"(2,), }  ", b"(2L,), } ")

    with pytest.raises(ModelFolderError, match="UserWarning"):
        arrays.unpack(packed(members(intercepts=header)), FORMAT, WHERE)


def test_weights_of_another_number_of_columns_are_refused_although_the_hashes_agree(small: Path):
    (small / "weights.npz").write_bytes(arrays.pack(GOOD))
    seal(small)

    with pytest.raises(ModelFolderError, match="weights of shape"):
        read(small)
