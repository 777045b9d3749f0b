"""A reviewer's sign-off: approving or rejecting the very model and report that were read.

The verdict is written to `approval.json` in the model folder, beside the verified files; `model_folder.verdict` says
when it counts. A model is approved only if its gates were run when it was packaged and each passed or was waived
with name, date and reason, and then only by a reviewer who accepts the waivers. A demonstration is never approved:
it was trained on synthetic narratives only, and a city trains or adapts a candidate of its own.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callnexus.errors import GateError, ModelFolderError
from callnexus.model_folder import read, verify_files
from callnexus.model_folder.files import APPROVAL
from callnexus.model_folder.verdict import APPROVED, DEMONSTRATION, REJECTED, Standing, Verdict, to_bytes, to_day

_WAIVER = ("by", "date", "reason")


@dataclass(frozen=True, slots=True)
class Waived:
    """Gates that a model failed, waived together.

    Attributes:
        by: Who waived them.
        date: When, in ISO 8601.
        reason: Why.
        gates: Each in one line, with its figure and limit.
    """

    by: str
    date: str
    reason: str
    gates: tuple[str, ...]


def approve(folder: Path, *, by: str, reason: str, expires: str | None = None, accept_waivers: bool = False) -> Verdict:
    """Return the approval that was recorded; it takes the place of any earlier verdict.

    Args:
        folder: The model folder.
        by: The reviewer.
        reason: Why, in the reviewer's words.
        expires: The last day on which it holds, YYYY-MM-DD; without it, it holds until it is replaced.
        accept_waivers: Whether the reviewer has read which failing gates were waived, and accepts it.

    Raises:
        GateError: If a gate is failing and unwaived, or waived and that is not accepted; if no gates were run, or the
            model is a demonstration.
        ModelFolderError: If the folder is not intact, or `by`, `reason` or `expires` cannot be recorded.
    """
    manifest = verify_files(folder).manifest
    if manifest.get("status", DEMONSTRATION) == DEMONSTRATION:
        raise GateError(f"{folder}: a demonstration is not approved; train or adapt a candidate on local calls")
    if problems := gate_problems(manifest):
        raise GateError(f"{folder}: not approved: " + "; ".join(problems))
    waived = waived_gates(manifest)
    if waived and not accept_waivers:
        told = [f"{line}; waived by {w.by} on {w.date}: {w.reason}" for w in waived for line in w.gates]
        raise GateError(
            "\n".join([f"{folder}: not approved: gates were waived; read why, then add --accept-waivers:", *told])
        )
    count = sum(len(together.gates) for together in waived)
    return _record(folder, APPROVED, by=by, reason=reason, expires=expires, waived=count)


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


def waivers_of(folder: Path) -> list[Waived]:
    """Return the gates that a model folder failed and that were waived.

    Raises:
        ModelFolderError: If the folder is not intact.
    """
    return waived_gates(verify_files(folder).manifest)


def gate_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return one line per gate that stands against an approval; none if all passed or were waived."""
    notes = manifest.get("notes")
    gates = notes.get("gates") if isinstance(notes, Mapping) else None
    if not isinstance(gates, list) or not any(_is_fairness(gate) for gate in gates):
        return ["the gates of [fairness] were not run when it was packaged; that section of the experiment sets them"]
    return [_unwaived(gate) for gate in gates if not _passed(gate) and _waiver(gate) is None]


def _is_fairness(gate: Any) -> bool:
    return isinstance(gate, Mapping) and str(gate.get("gate")).startswith("fairness.")


def waived_gates(manifest: Mapping[str, Any]) -> list[Waived]:
    """Return the gates that failed and were waived, grouped by who waived them, when and why."""
    notes = manifest.get("notes")
    gates = notes.get("gates") if isinstance(notes, Mapping) else None
    together: dict[tuple[str, str, str], list[str]] = {}
    for gate in gates if isinstance(gates, list) else []:
        if not _passed(gate) and (waiver := _waiver(gate)) is not None:
            together.setdefault(waiver, []).append(_told(gate))
    return [Waived(*waiver, tuple(lines)) for waiver, lines in together.items()]


def _passed(gate: object) -> bool:
    return isinstance(gate, Mapping) and gate.get("passed") is True


def _waiver(gate: object) -> tuple[str, str, str] | None:
    """Return who waived a gate, when and why; None if anything of it is lacking."""
    waiver = gate.get("waiver") if isinstance(gate, Mapping) else None
    if not isinstance(waiver, Mapping):
        return None
    by, date, reason = (waiver.get(key) for key in _WAIVER)
    if not (isinstance(by, str) and isinstance(date, str) and isinstance(reason, str)):
        return None
    return (by, date, reason) if by.strip() and date.strip() and reason.strip() else None


def _unwaived(gate: object) -> str:
    return f"{_told(gate)}, and it is not waived" if isinstance(gate, Mapping) else "a gate that cannot be read"


def _told(gate: Mapping[str, Any]) -> str:
    group = f" for {gate['group']}" if gate.get("group") else ""
    figure = gate.get("figure")
    shown = f"{figure:.3g}" if isinstance(figure, float) else figure
    return f"{gate.get('gate')}{group} is {shown}, the limit is {gate.get('limit')}"


def _record(
    folder: Path, decision: str, *, by: str, reason: str, expires: str | None, waived: int | None = None
) -> Verdict:
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
        waived=waived,
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
