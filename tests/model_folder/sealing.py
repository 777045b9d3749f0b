"""Seals a damaged folder again, as somebody who may write there could: only what the hashes cannot find is left."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callnexus.model_folder import manifest
from callnexus.model_folder.files import OPTIONAL


def seal(folder: Path, **changes: Any) -> None:
    """Write a manifest that promises what the folder holds now, with some entries changed; None removes one."""
    told: Mapping[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    kept = {key: value for key, value in told.items() if key not in manifest._OUTSIDE} | changes
    kept = {key: value for key, value in kept.items() if value is not None}
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", *OPTIONAL)
    }
    sealed = manifest.sealed(kept, contents, created=told["created"])
    (folder / "manifest.json").write_bytes(manifest.canonical(sealed))
