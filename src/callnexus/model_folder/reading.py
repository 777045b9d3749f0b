"""Reading a model folder: all files first, then the manifest, then every hash, and only then a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from callnexus import lexicon, policy
from callnexus.errors import CallnexusError, ModelFolderError
from callnexus.features import Extractor, FeatureSpec
from callnexus.labels import LABELS
from callnexus.model import Model, Thresholds
from callnexus.model_folder import arrays, golden, manifest
from callnexus.model_folder.files import APPROVAL, GOLDEN, read_files
from callnexus.model_folder.verdict import DEMONSTRATION, Standing, standing
from callnexus.sufficiency import KNOWN_BITS, Sufficiency

_ATTEMPTS = 20
"""How often a folder is read again because a writer exchanged it meanwhile."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The files of a folder, each of them what the manifest promises; nothing is built yet.

    Attributes:
        folder: Where they were read.
        contents: By name; also the optional ones, which no manifest covers.
        manifest: As written.
        standing: The status of the model today.
    """

    folder: Path
    contents: Mapping[str, bytes]
    manifest: Mapping[str, Any]
    standing: Standing


def read(folder: Path) -> Model:
    """Return the model in a folder, after every file in it has been verified.

    Raises:
        ModelFolderError: If a file is missing, extra, altered, too large or cannot be used, naming the file; or if
            the model does not repeat its golden predictions here.
    """
    return to_loaded(verify_files(folder))


def to_loaded(found: Verified) -> Model:
    """Return the model that verified files hold, once it has repeated its golden predictions here.

    Raises:
        ModelFolderError: If a file cannot be used, naming it, or a prediction differs.
    """
    return _READERS[found.manifest["format"]](found)


def verify_files(folder: Path) -> Verified:
    """Return the content of a folder, after every file in it has been verified.

    A folder that a writer exchanges for another version meanwhile is read again, from the start.

    Raises:
        ModelFolderError: If a file is missing, extra, altered or too large, naming the file.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        before = identity(folder)
        try:
            contents = read_files(folder)
            found = manifest.verified(contents, folder)
        except ModelFolderError:
            if attempt == _ATTEMPTS or identity(folder) == before:
                raise
        else:
            break
    today = datetime.now(UTC).date()
    stands = standing(
        # Format 1 knew no status; only demonstrations were ever packaged in it.
        found.get("status", DEMONSTRATION),
        contents.get(APPROVAL),
        model=found["digest"],
        report=found["files"]["fairness.json"],
        today=today,
    )
    return Verified(folder, contents, found, stands)


def identity(folder: Path) -> tuple[int, int, int] | None:
    """Return what changes when another folder takes this one's place, or None if there is no folder."""
    try:
        state = folder.stat()
    except (OSError, ValueError):
        return None
    return state.st_dev, state.st_ino, state.st_ctime_ns


def _read_1(found: Verified) -> Model:
    # No word was remembered then, and policies knew neither reviews nor places: all that stays as it was.
    return _model(found, policy.parse_first, novelty=1.0)


def _read_2(found: Verified) -> Model:
    model = _model(found, policy.parse, novelty=found.manifest["largest_novelty"])
    golden.check(model, found.contents[GOLDEN], found.folder / GOLDEN)
    return model


def _model(found: Verified, parse: Callable[[str], policy.Policy], *, novelty: float) -> Model:
    told = found.manifest
    unpacked = arrays.unpack(found.contents["weights.npz"], told["format"], found.folder / "weights.npz")
    packed = unpacked.get("known_words", np.full(1 << KNOWN_BITS >> 3, 255, np.uint8))
    known = np.unpackbits(packed).view(np.bool_)
    try:
        return Model(
            extractor=Extractor(
                FeatureSpec.from_mapping(told["features"]),
                lexicon.parse({name: _text(found, f"lexicon/{name}") for name in lexicon.FILES}),
            ),
            weights=unpacked["weights"],
            intercepts=unpacked["intercepts"],
            thresholds={label.name: Thresholds(**told["thresholds"][label.name]) for label in LABELS},
            sufficiency=Sufficiency(told["fewest_words"], known, novelty),
            policy=parse(_text(found, "policy.toml")),
            version=told["version"],
            manifest=told,
            status=found.standing.status,
        )
    except (KeyError, TypeError, ValueError, CallnexusError) as error:
        raise ModelFolderError(f"{found.folder}: {error}") from error


def _text(found: Verified, name: str) -> str:
    try:
        return found.contents[name].decode()
    except UnicodeDecodeError as error:
        raise ModelFolderError(f"{name}: not UTF-8") from error


_READERS: dict[int, Callable[[Verified], Model]] = {1: _read_1, 2: _read_2}
