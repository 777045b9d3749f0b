"""Writing a model folder: complete, tried and in its place in one step, or not at all."""

import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from callnexus import lexicon
from callnexus.errors import CallnexusError, ModelFolderError
from callnexus.labels import LABELS
from callnexus.model_folder import arrays, changelog, exchange, golden, manifest
from callnexus.model_folder.files import GOLDEN, REPORT_FILES
from callnexus.model_folder.parts import Parts, to_model
from callnexus.model_folder.reading import read, verify_files


def write(models: Path, parts: Parts, reports: Mapping[str, str], *, replace: bool = False) -> Path:
    """Return the new folder `models/<name>-<release>`, written completely or not at all.

    A folder that already holds the same content is left as it is. Of two writers at once, the later one stays if
    it may replace, else the earlier one. `models/CHANGELOG.md` gains an entry for each version.

    Args:
        models: Where model folders live; made if missing.
        parts: The model.
        reports: Text of each file in REPORT_FILES.
        replace: Whether a folder of the same release with other content may be replaced.

    Raises:
        ModelFolderError: If the release exists with other content and `replace` is false, the model cannot be
            packaged, or the place cannot be written to.
    """
    try:
        return _write(models, parts, reports, replace=replace)
    except OSError as error:
        raise ModelFolderError(f"{error.filename or models}: cannot be written: {error.strerror}") from error


def _write(models: Path, parts: Parts, reports: Mapping[str, str], *, replace: bool) -> Path:
    target = models / f"{parts.name}-{parts.release}"
    contents = _contents(parts, reports)
    made = manifest.sealed(_told(parts), contents, created=datetime.now(UTC).isoformat(timespec="seconds"))
    models.mkdir(parents=True, exist_ok=True)
    exchange.recover(target)
    before = _manifest_of(target)
    if target.exists() and (before is None or before["version"] != made["version"]) and not replace:
        raise ModelFolderError(f"{target} exists with other content: raise the release or ask to replace it")
    if before is not None and before["version"] == made["version"]:
        # A writer that died right after its folder was in place left no entry.
        changelog.add_entry(models, before, _previous(models, parts))
        return target
    old = before or _previous(models, parts)
    contents["manifest.json"] = manifest.canonical(made)
    beside = models / f".{target.name}.{secrets.token_hex(4)}{exchange.NEW}"
    try:
        _write_files(beside, contents)
        read(beside)
        exchange.put(beside, target, replace=replace)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    changelog.add_entry(models, made, old)
    return target


def _write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for place in sorted({(folder / name).parent for name in contents}):
        exchange.sync(place)


def _contents(parts: Parts, reports: Mapping[str, str]) -> dict[str, bytes]:
    packed = arrays.pack(
        {
            "weights": parts.weights,
            "intercepts": parts.intercepts,
            "known_words": np.packbits(parts.sufficiency.known_words),
        }
    )
    texts = {f"lexicon/{name}": text for name, text in lexicon.to_files(parts.lexicon).items()}
    texts |= {"policy.toml": parts.policy} | {name: reports[name] for name in REPORT_FILES}
    texts[GOLDEN] = golden.to_lines(to_model(parts))
    return {"weights.npz": packed} | {name: text.encode() for name, text in texts.items()}


def _told(parts: Parts) -> dict[str, Any]:
    """Return what the manifest says of the model, hashes apart."""
    return {
        "format": manifest.FORMAT,
        "needs": manifest.NEEDS,
        "name": parts.name,
        "release": parts.release,
        "status": parts.status,
        "labels": {label.name: label.definition for label in LABELS},
        "features": parts.spec.to_mapping(),
        "thresholds": {name: {"yes_from": t.yes_from, "no_below": t.no_below} for name, t in parts.thresholds.items()},
        "fewest_words": parts.sufficiency.fewest_words,
        "largest_novelty": parts.sufficiency.largest_novelty,
        "notes": dict(parts.notes),
    }


def _manifest_of(folder: Path) -> Mapping[str, Any] | None:
    """Return the manifest of an intact folder, None of anything else."""
    try:
        return verify_files(folder).manifest
    except CallnexusError:
        return None


def _previous(models: Path, parts: Parts) -> Mapping[str, Any] | None:
    """Return the manifest of the newest earlier release of the same name that lies there intact."""
    found = [told for path in models.glob(f"{parts.name}-*") if (told := _manifest_of(path)) is not None]
    wanted = changelog.release_order(parts.release)
    earlier = [told for told in found if changelog.release_order(told["release"]) < wanted]
    return max(earlier, key=lambda told: changelog.release_order(told["release"]), default=None)
