"""The changelog beside model folders: one entry for each version that was packaged there, newest first."""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callnexus.labels import LABEL_NAMES

NAME = "CHANGELOG.md"
_TITLE = "# Changes of the models here\n"
_METRICS = ("auc", "recall", "false_alarm_rate", "calibration_error")


def add_entry(models: Path, new: Mapping[str, Any], old: Mapping[str, Any] | None) -> None:
    """Add the entry of a version to models/CHANGELOG.md, unless it is there.

    Args:
        models: Where model folders live.
        new: The manifest of the version.
        old: The manifest of the version before it, if there was one.
    """
    path = models / NAME
    text = path.read_text(encoding="utf-8") if path.exists() else _TITLE
    if f"**{new['version']}**" in text:
        return
    heading, _, rest = text.partition("\n")
    beside = models / f".{NAME}.{secrets.token_hex(4)}"
    try:
        beside.write_text(f"{heading}\n\n{entry(new, old)}{rest.lstrip()}", encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def entry(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> str:
    """Return the Markdown of one entry: version, day, status, and the metrics on the test split before and after."""
    follows = f"After {old['version']}." if old else "The first of its name here."
    lines = [f"- **{new['version']}** ({new['created'][:10]}, {new['status']}). {follows}"]
    for label in LABEL_NAMES:
        after, before = _metrics(new, label), _metrics(old or {}, label)
        told = [
            f"{name.replace('_', ' ')} {_change(before.get(name), after[name])}" for name in _METRICS if name in after
        ]
        if told:
            lines.append(f"  - {label}, test split: {', '.join(told)}")
    changed = _changed(new, old) if old else []
    if changed:
        lines.append(f"  - changed: {', '.join(changed)}")
    return "\n".join(lines) + "\n"


def release_order(release: str) -> tuple[int, ...]:
    """Return what sorts releases as numbers.

    >>> release_order("0.10.0") > release_order("0.9.1")
    True
    """
    return tuple(int(number) for number in re.findall(r"\d+", release))


def _metrics(manifest: Mapping[str, Any], label: str) -> dict[str, float]:
    found: Any = manifest
    for key in ("notes", "metrics", "test", label):
        found = found.get(key) if isinstance(found, Mapping) else None
    numbers = found.items() if isinstance(found, Mapping) else ()
    return {name: value for name, value in numbers if isinstance(value, (int, float))}


def _change(before: float | None, after: float) -> str:
    return f"{after:.3f}" if before is None else f"{before:.3f} to {after:.3f}"


def _changed(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """Return the names of files and manifest entries that differ, reports apart: they follow from the rest."""
    names = set(new["files"]) | set(old["files"])
    data = {name for name in names if not name.startswith(("card", "fairness", "golden"))}
    files = [name for name in sorted(data) if new["files"].get(name) != old["files"].get(name)]
    keys = ("format", "features", "thresholds", "fewest_words", "status", "labels")
    return files + [key for key in keys if new.get(key) != old.get(key)]
