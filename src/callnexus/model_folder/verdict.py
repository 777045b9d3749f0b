"""The status of a model and the reviewer's verdict it may rest on.

A folder is packaged as a *demonstration* or a *candidate*. A reviewer's verdict comes later, in `approval.json`
beside the verified files, bound to the hashes of the model and of the fairness report that was read. A verdict that
is bound to other content, has expired or cannot be read leaves the status as packaged, and the reason says so.

The verdict is a record, not a proof: who can write to the folder can write it. Whoever must not approve should
not be able to write there.
"""

import json
import re
from dataclasses import asdict, dataclass, fields
from datetime import date

from callnexus import strict_json
from callnexus.errors import ModelFolderError

DEMONSTRATION, CANDIDATE, APPROVED, REJECTED = "demonstration", "candidate", "approved", "rejected"
GIVEN_STATUSES = (DEMONSTRATION, CANDIDATE)
"""What a model can be packaged as."""

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer decided about one model and its report.

    Attributes:
        verdict: "approved" or "rejected".
        by: Who decided.
        reason: Why.
        date: The day of the decision (UTC), in ISO 8601.
        expires: The last day on which it holds (UTC), in ISO 8601, or None.
        model: Digest of the manifest.
        report: SHA-256 of fairness.json.
        waived: How many gates that failed and were waived an approval accepted; None where it is not recorded.
    """

    verdict: str
    by: str
    reason: str
    date: str
    expires: str | None
    model: str
    report: str
    waived: int | None = None

    def __post_init__(self) -> None:
        if self.verdict not in (APPROVED, REJECTED):
            raise ModelFolderError(f"verdict must be {APPROVED} or {REJECTED}")
        for name in ("by", "reason"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.strip():
                raise ModelFolderError(f"{name} must say something")
        for name in ("model", "report"):
            if not isinstance(getattr(self, name), str) or not _HASH.fullmatch(getattr(self, name)):
                raise ModelFolderError(f"{name} must be a SHA-256 in hexadecimal")
        if self.waived is not None and (type(self.waived) is not int or self.waived < 0):
            raise ModelFolderError("waived must be a whole number from 0")
        last = to_day(self.date) if self.expires is None else to_day(self.expires)
        if last < to_day(self.date):
            raise ModelFolderError(f"a verdict of {self.date} cannot expire before, on {self.expires}")


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of a model folder, and what it rests on.

    Attributes:
        status: demonstration, candidate, approved or rejected.
        because: One sentence.
        verdict: The reviewer's, where it counts; else None.
    """

    status: str
    because: str
    verdict: Verdict | None = None


def to_day(text: object) -> date:
    """Return the day written as YYYY-MM-DD.

    Raises:
        ModelFolderError: If it is anything else.
    """
    try:
        # Python also reads 20260102 and 2026-W01-5, which people misread.
        if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ModelFolderError("a date must be a day of the calendar, written YYYY-MM-DD") from None


def to_bytes(verdict: Verdict) -> bytes:
    """Return the content of approval.json."""
    written = asdict(verdict)
    if verdict.waived is None:
        del written["waived"]
    return (json.dumps(written, indent=1, sort_keys=True) + "\n").encode()


def parse(content: bytes) -> Verdict:
    """Return the verdict written in approval.json.

    Raises:
        ModelFolderError: If it is not one.
    """
    try:
        values = strict_json.parse(content)
    except ValueError as error:
        raise ModelFolderError(f"not JSON of a verdict: {error}") from error
    known = {field.name for field in fields(Verdict)} - {"waived"}
    # Verdicts were recorded before it was counted what they accept.
    if set(values) - {"waived"} != known:
        raise ModelFolderError(f"exactly these keys are needed: {', '.join(sorted(known))}")
    return Verdict(**values)


def standing(given: str, content: bytes | None, *, model: str, report: str, today: date) -> Standing:
    """Return the status that a model has today.

    Args:
        given: What it was packaged as.
        content: What approval.json holds, or None if there is none.
        model: Digest of the manifest.
        report: SHA-256 of fairness.json.
        today: The day it is (UTC).
    """
    if given == DEMONSTRATION and content is None:
        return Standing(given, "it was packaged as a demonstration, which is never approved")
    if content is None:
        return Standing(given, "no reviewer has recorded a verdict (approval.json)")
    try:
        found = parse(content)
    except ModelFolderError as error:
        return Standing(given, f"approval.json does not count: {error}")
    if (found.model, found.report) != (model, report):
        return Standing(given, "approval.json does not count: it was given for another model or another report")
    if found.expires is not None and today > to_day(found.expires):
        return Standing(given, f"approval.json does not count: it expired on {found.expires}")
    if given == DEMONSTRATION and found.verdict == APPROVED:
        return Standing(given, "approval.json does not count: a demonstration is never approved")
    return Standing(found.verdict, f"{found.verdict} by {found.by} on {found.date}", found)
