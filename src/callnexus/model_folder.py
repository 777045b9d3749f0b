"""Reading and writing a model folder: data only, verified before anything is built from it.

A folder holds exactly the files in `FILES`. The manifest names the SHA-256 of every other file and, in
its version, a hash of the whole content; a file that is missing, extra or altered by one byte is refused.
Writing happens in a folder beside the target that is renamed into place, so a half-written one never loads.

To change the format: raise `FORMAT`, keep reading the older numbers (one `_read_N` each), and freeze a
small model of the old format under tests/old_models/ with its predictions.
"""

import hashlib
import io
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callnexus import lexicon, policy
from callnexus.errors import CallnexusError, ModelFolderError
from callnexus.features import Extractor, FeatureSpec
from callnexus.labels import LABELS
from callnexus.model import Model, Thresholds
from callnexus.sufficiency import KNOWN_BITS, Sufficiency

FORMAT = 1
LEXICON_FILES = tuple(f"lexicon/{name}" for name in lexicon.FILES)
REPORT_FILES = ("card.md", "fairness.html", "fairness.json")
FILES = ("manifest.json", "weights.npz", "policy.toml", *LEXICON_FILES, *REPORT_FILES)
LARGEST_FILE = 64 * 2**20
"""Bytes, compressed or not, above which a file is refused before it is read."""

_OUTSIDE = ("created", "version", "files", "digest")
"""Manifest entries outside the content hash: when, what follows from the hash, and the files, hashed apart."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a model is made of, before it has a folder.

    Attributes:
        name: Name of the model, such as "callnexus".
        release: Semantic version, such as "0.1.0".
        spec: The features.
        lexicon: The cues and markers.
        weights: float32, shape (columns, 2), calibration included.
        intercepts: float64, shape (2,).
        thresholds: By label name.
        policy: The response policy, as TOML.
        sufficiency: What a narrative needs to be judged.
        notes: Anything the manifest should record: data hashes, calibration, metrics, library versions.
    """

    name: str
    release: str
    spec: FeatureSpec
    lexicon: lexicon.Lexicon
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    thresholds: Mapping[str, Thresholds]
    policy: str
    sufficiency: Sufficiency
    notes: Mapping[str, Any]


def to_model(parts: Parts) -> Model:
    """Return the model that the parts make, not yet packaged."""
    return Model(
        extractor=Extractor(parts.spec, parts.lexicon),
        weights=parts.weights,
        intercepts=parts.intercepts,
        thresholds=dict(parts.thresholds),
        sufficiency=parts.sufficiency,
        policy=policy.parse(parts.policy),
        version=f"{parts.name}-{parts.release}",
    )


def write(models: Path, parts: Parts, reports: Mapping[str, str], *, replace: bool = False) -> Path:
    """Return the new folder `models/<name>-<release>`, written completely or not at all.

    A folder that already holds the same content is left as it is.

    Args:
        models: Where model folders live; made if missing.
        parts: The model.
        reports: Text of each file in REPORT_FILES.
        replace: Whether a folder of the same release with other content may be replaced.

    Raises:
        ModelFolderError: If the release exists with other content and `replace` is false.
    """
    target = models / f"{parts.name}-{parts.release}"
    contents = _contents(parts, reports)
    manifest = _manifest(parts, contents)
    if target.exists():
        if _version_of(target) == manifest["version"]:
            return target
        if not replace:
            raise ModelFolderError(f"{target} exists with other content: raise the release or ask to replace it")
    contents["manifest.json"] = _canonical(manifest)
    models.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(4)
    beside = models / f".{target.name}.{token}.new"
    try:
        for name, content in contents.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        read(beside)
        _swap(beside, target, models / f".{target.name}.{token}.old")
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _swap(new: Path, target: Path, aside: Path) -> None:
    if target.exists():
        target.rename(aside)
    try:
        new.rename(target)
    except OSError as error:
        if aside.exists() and not target.exists():
            aside.rename(target)
        raise ModelFolderError(f"{target} was written by somebody else meanwhile; theirs was kept") from error
    shutil.rmtree(aside, ignore_errors=True)


def _contents(parts: Parts, reports: Mapping[str, str]) -> dict[str, bytes]:
    buffer = io.BytesIO()
    known_words = np.packbits(parts.sufficiency.known_words)
    np.savez_compressed(buffer, weights=parts.weights, intercepts=parts.intercepts, known_words=known_words)
    texts = {f"lexicon/{name}": text for name, text in lexicon.to_files(parts.lexicon).items()}
    texts |= {"policy.toml": parts.policy} | {name: reports[name] for name in REPORT_FILES}
    return {"weights.npz": buffer.getvalue()} | {name: text.encode() for name, text in texts.items()}


def _manifest(parts: Parts, contents: Mapping[str, bytes]) -> dict[str, Any]:
    manifest = {
        "format": FORMAT,
        "name": parts.name,
        "release": parts.release,
        "labels": {label.name: label.definition for label in LABELS},
        "features": parts.spec.to_mapping(),
        "thresholds": {name: {"yes_from": t.yes_from, "no_below": t.no_below} for name, t in parts.thresholds.items()},
        "sufficiency": {
            "fewest_words": parts.sufficiency.fewest_words,
            "largest_novelty": parts.sufficiency.largest_novelty,
        },
        "notes": dict(parts.notes),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())}
    manifest |= {
        "files": hashes,
        "version": f"{parts.name}-{parts.release}+{_content_hash(manifest, hashes)}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return manifest | {"digest": hashlib.sha256(_canonical(manifest)).hexdigest()}


def _canonical(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()


def _content_hash(manifest: Mapping[str, Any], hashes: Mapping[str, str]) -> str:
    stable = {key: value for key, value in manifest.items() if key not in _OUTSIDE}
    text = json.dumps([stable, dict(hashes)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _version_of(folder: Path) -> str | None:
    """Return the version of an intact folder, None of anything else."""
    try:
        return read(folder).version
    except CallnexusError:
        return None


def read(folder: Path) -> Model:
    """Return the model in a folder, after every file in it has been verified.

    Raises:
        ModelFolderError: If a file is missing, extra, altered, too large or cannot be used, naming the file.
    """
    _check_names(folder)
    manifest = _read_manifest(folder)
    contents = {name: _read_file(folder, name) for name in FILES if name != "manifest.json"}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != manifest["files"].get(name):
            raise ModelFolderError(f"{folder / name}: the content is not what the manifest promises")
    arrays = _read_arrays(contents["weights.npz"], folder / "weights.npz")
    try:
        return Model(
            extractor=Extractor(
                FeatureSpec.from_mapping(manifest["features"]),
                lexicon.parse({name: contents[f"lexicon/{name}"].decode() for name in lexicon.FILES}),
            ),
            weights=arrays["weights"],
            intercepts=arrays["intercepts"],
            thresholds={label.name: Thresholds(**manifest["thresholds"][label.name]) for label in LABELS},
            sufficiency=_sufficiency(manifest, arrays),
            policy=policy.parse(contents["policy.toml"].decode()),
            version=manifest["version"],
            manifest=manifest,
        )
    except (KeyError, TypeError, UnicodeDecodeError, CallnexusError) as error:
        raise ModelFolderError(f"{folder}: {error}") from error


def _sufficiency(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Sufficiency:
    settings = manifest["sufficiency"]
    if arrays["known_words"].shape != (1 << KNOWN_BITS >> 3,):
        raise ModelFolderError(f"weights.npz: known_words must hold {1 << KNOWN_BITS >> 3} bytes")
    known_words = np.unpackbits(arrays["known_words"]).view(np.bool_)
    return Sufficiency(int(settings["fewest_words"]), known_words, float(settings["largest_novelty"]))


def _check_names(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelFolderError(f"{folder}: no such model folder")
    found = set()
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise ModelFolderError(f"{path}: a model folder holds no links")
        if path.is_file():
            found.add(path.relative_to(folder).as_posix())
    for name in FILES:
        if name not in found:
            raise ModelFolderError(f"{folder / name}: missing")
    if extra := sorted(found - set(FILES)):
        raise ModelFolderError(f"{folder / extra[0]}: no file of that name belongs in a model folder")


def _read_file(folder: Path, name: str) -> bytes:
    path = folder / name
    if path.stat().st_size > LARGEST_FILE:
        raise ModelFolderError(f"{path}: larger than {LARGEST_FILE} bytes")
    return path.read_bytes()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    content = _read_file(folder, "manifest.json")
    try:
        manifest = dict(json.loads(content))
        number = manifest["format"]
        version = f"{manifest['name']}-{manifest['release']}+{_content_hash(manifest, manifest['files'])}"
        rest = {key: value for key, value in manifest.items() if key != "digest"}
        # Compared as bytes: a changed space is a changed manifest.
        intact = (
            content == _canonical(manifest)
            and version == manifest["version"]
            and hashlib.sha256(_canonical(rest)).hexdigest() == manifest["digest"]
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFolderError(f"{path}: not a manifest: {type(error).__name__}") from error
    if type(number) is int and number > FORMAT:
        raise ModelFolderError(f"{path}: format {number} is newer than {FORMAT}, the newest known; update callnexus")
    if number != FORMAT or not intact:
        raise ModelFolderError(f"{path}: the content is not what its digest promises")
    return manifest


def _read_arrays(content: bytes, path: Path) -> dict[str, NDArray[Any]]:
    types = {"weights": np.float32, "intercepts": np.float64, "known_words": np.uint8}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(member.file_size for member in packed.infolist())
    except (ValueError, zipfile.BadZipFile) as error:
        raise ModelFolderError(f"{path}: not the arrays of a model: {type(error).__name__}") from error
    if size > LARGEST_FILE:
        raise ModelFolderError(f"{path}: larger than {LARGEST_FILE} bytes when unpacked")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in types}
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelFolderError(f"{path}: not the arrays of a model: {type(error).__name__}") from error
    for name, array in arrays.items():
        if array.dtype != types[name] or not np.isfinite(array).all():
            raise ModelFolderError(f"{path}: {name} must be finite and of type {np.dtype(types[name])}")
        array.flags.writeable = False
    return arrays
