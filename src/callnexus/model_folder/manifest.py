"""The manifest: what a folder says of itself, bound to the content of every other file by hashes."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callnexus import strict_json
from callnexus.errors import ModelFolderError
from callnexus.labels import LABEL_NAMES
from callnexus.model_folder.files import FILES_OF, check_names
from callnexus.model_folder.verdict import GIVEN_STATUSES

FORMAT = 2
"""The format that is written. Every number in FILES_OF is read."""

NEEDS = "0.1.0"
"""The first release of callnexus that reads FORMAT, for the error of an older one; raise it with FORMAT."""

_OUTSIDE = ("created", "version", "files", "digest")
"""Manifest entries outside the content hash: when, what follows from the hash, and the files, hashed apart."""

_RELEASE = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def sealed(manifest: Mapping[str, Any], contents: Mapping[str, bytes], *, created: str) -> dict[str, Any]:
    """Return the manifest with the hashes of all files, the version and the digest that seals it.

    Args:
        manifest: What the model is; must hold name and release.
        contents: Every other file.
        created: When, in ISO 8601.
    """
    hashes = {name: sha256(content) for name, content in sorted(contents.items())}
    whole = dict(manifest) | {
        "files": hashes,
        "version": f"{manifest['name']}-{manifest['release']}+{_content_hash(manifest, hashes)}",
        "created": created,
    }
    return whole | {"digest": sha256(canonical(whole))}


def canonical(manifest: Mapping[str, Any]) -> bytes:
    """Return the only bytes that are accepted for a manifest.

    Raises:
        ModelFolderError: If a value is no JSON, such as a number that is not finite.
    """
    try:
        return (json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise ModelFolderError(f"manifest.json: a note that JSON cannot hold: {error}") from error


def verified(contents: Mapping[str, bytes], folder: Path) -> dict[str, Any]:
    """Return the manifest, once it is intact and every other file is what it promises.

    Raises:
        ModelFolderError: If a file is missing, extra or altered by one byte, naming the file; or if the format is newer
            than FORMAT, with the release of callnexus that is needed.
    """
    path = folder / "manifest.json"
    if path.name not in contents:
        raise ModelFolderError(f"{path}: missing")
    manifest = _intact(contents[path.name], path)
    check_names(folder, dict(contents), manifest["format"])
    for name, expected in manifest["files"].items():
        if sha256(contents[name]) != expected:
            raise ModelFolderError(f"{folder / name}: the content is not what the manifest promises")
    return manifest


def sha256(content: bytes) -> str:
    """Return the hash of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _intact(content: bytes, path: Path) -> dict[str, Any]:
    try:
        manifest = strict_json.parse(content)
        _refuse_newer(manifest, path)
        version = f"{manifest['name']}-{manifest['release']}+{_content_hash(manifest, manifest['files'])}"
        rest = {key: value for key, value in manifest.items() if key != "digest"}
        # Compared as bytes: a changed space is a changed manifest.
        intact = (
            content == canonical(manifest)
            and version == manifest["version"]
            and sha256(canonical(rest)) == manifest["digest"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, ModelFolderError):
            raise
        # The name of a key may stand in a KeyError; the values of a damaged file never do.
        raise ModelFolderError(f"{path}: not a manifest: {type(error).__name__}: {error}") from error
    if not intact:
        raise ModelFolderError(f"{path}: the content is not what its digest promises")
    _check_fields(manifest, path)
    return manifest


def _refuse_newer(manifest: Mapping[str, Any], path: Path) -> None:
    number = manifest["format"]
    if type(number) is not int or number < 1:
        raise ValueError("format must be a whole number from 1")
    if number > FORMAT:
        needs = manifest.get("needs")
        newer = needs if isinstance(needs, str) and _RELEASE.fullmatch(needs) else "a newer release"
        raise ModelFolderError(
            f"{path}: format {number} is newer than {FORMAT}, the newest known here; update callnexus, needed: {newer}"
        )


def _check_fields(manifest: Mapping[str, Any], path: Path) -> None:
    """Check the kinds of what the reader builds on; the digest only says that nobody changed it since."""
    names = set(FILES_OF[manifest["format"]]) - {"manifest.json"}
    sound = {
        "name": isinstance(manifest["name"], str) and _NAME.fullmatch(manifest["name"]),
        "release": isinstance(manifest["release"], str) and _RELEASE.fullmatch(manifest["release"]),
        "files": set(manifest["files"]) == names,
        "labels": set(_mapping(manifest, "labels")) == set(LABEL_NAMES),
        "thresholds": set(_mapping(manifest, "thresholds")) == set(LABEL_NAMES),
        "features": "features" in manifest and _mapping(manifest, "features"),
        "fewest_words": type(manifest.get("fewest_words")) is int and manifest["fewest_words"] >= 0,
        "largest_novelty": manifest["format"] == 1 or type(manifest.get("largest_novelty")) is float,
        "status": manifest["format"] == 1 or manifest.get("status") in GIVEN_STATUSES,
    }
    if wrong := [key for key, fine in sound.items() if not fine]:
        raise ModelFolderError(f"{path}: {wrong[0]} is missing or not of the right kind")


def _mapping(manifest: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = manifest.get(key)
    return value if isinstance(value, dict) else {}


def _content_hash(manifest: Mapping[str, Any], hashes: Mapping[str, str]) -> str:
    stable = {key: value for key, value in manifest.items() if key not in _OUTSIDE}
    text = json.dumps([stable, dict(hashes)], sort_keys=True)
    return sha256(text.encode())[:12]
