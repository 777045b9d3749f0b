"""A reviewer's sign-off: approving or rejecting the very model and report that were read.

The verdict is written to `approval.json` in the model folder, beside the verified files; `model_folder.verdict` says
when it counts. A model is approved only if its gates were run when it was packaged and each passed or was waived
with name, date and reason. A demonstration is never approved: it was trained on synthetic narratives only, and
a city trains or adapts a candidate of its own.
"""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callnexus.errors import GateError, ModelFolderError
from callnexus.model_folder import read, verify_files
from callnexus.model_folder.files import APPROVAL
from callnexus.model_folder.verdict import APPROVED, DEMONSTRATION, REJECTED, Standing, Verdict, to_bytes, to_day

_WAIVER = ("by", "date", "reason")


def approve(folder: Path, *, by: str, reason: str, expires: str | None = None) -> Verdict:
    """Return the approval that was recorded; it takes the place of any earlier verdict.

    Args:
        folder: The model folder.
        by: The reviewer.
        reason: Why, in the reviewer's words.
        expires: The last day on which it holds, YYYY-MM-DD; without it, it holds until it is replaced.

    Raises:
        GateError: If a gate is failing and unwaived, no gates were run, or the model is a demonstration.
        ModelFolderError: If the folder is not intact, or `by`, `reason` or `expires` cannot be recorded.
    """
    manifest = verify_files(folder).manifest
    if manifest.get("status", DEMONSTRATION) == DEMONSTRATION:
        raise GateError(f"{folder}: a demonstration is not approved; train or adapt a candidate on local calls")
    if problems := gate_problems(manifest):
        raise GateError(f"{folder}: not approved: " + "; ".join(problems))
    return _record(folder, APPROVED, by=by, reason=reason, expires=expires)


def reject(folder: Path, *, by: str, reason: str, expires: str | None = None) -> Verdict:
    """Return the rejection that was recorded; it takes the place of any earlier verdict.

    Args:
        folder: The model folder.
        by: The reviewer.
        reason: Why, in the reviewer's words.
        expires: The last day on which it holds, YYYY-MM-DD.

    Raises:
        ModelFolderError: If the folder is not intact, or `by`, `reason` or `expires` cannot be recorded.
    """
    return _record(folder, REJECTED, by=by, reason=reason, expires=expires)


def standing(folder: Path) -> Standing:
    """Return the status of a model folder today, and what it rests on.

    Raises:
        ModelFolderError: If the folder is not intact.
    """
    return verify_files(folder).standing


def gate_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return one line per gate that stands against an approval; none if all passed or were waived."""
    notes = manifest.get("notes")
    gates = notes.get("gates") if isinstance(notes, Mapping) else None
    if not isinstance(gates, list) or not gates:
        return ["the gates were not run when it was packaged; the experiment's section [fairness] sets them"]
    return [_told(gate) for gate in gates if not _holds(gate)]


def _holds(gate: object) -> bool:
    if not isinstance(gate, Mapping):
        return False
    waiver = gate.get("waiver")
    waived = isinstance(waiver, Mapping) and all(
        isinstance(waiver.get(key), str) and waiver[key].strip() for key in _WAIVER
    )
    return gate.get("passed") is True or waived


def _told(gate: object) -> str:
    if not isinstance(gate, Mapping):
        return "a gate that cannot be read"
    group = f" for {gate['group']}" if gate.get("group") else ""
    return f"{gate.get('gate')}{group} is {gate.get('figure')}, the limit is {gate.get('limit')}, and it is not waived"


def _record(folder: Path, decision: str, *, by: str, reason: str, expires: str | None) -> Verdict:
    # Whoever signs off signs a model that works here, not only files that are intact.
    manifest = read(folder).manifest
    today = datetime.now(UTC).date()
    if expires is not None and to_day(expires) < today:
        raise ModelFolderError(f"the verdict would have expired already, on {expires}")
    verdict = Verdict(
        verdict=decision,
        by=by.strip(),
        reason=reason.strip(),
        date=today.isoformat(),
        expires=expires,
        model=manifest["digest"],
        report=manifest["files"]["fairness.json"],
    )
    # Written beside the folder: a reader refuses a folder with a half-written extra file.
    beside = folder.resolve().parent / f".{folder.resolve().name}.{secrets.token_hex(4)}.{APPROVAL}"
    try:
        beside.write_bytes(to_bytes(verdict))
        os.replace(beside, folder / APPROVAL)
    except OSError as error:
        raise ModelFolderError(f"{folder / APPROVAL}: cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return verdict
