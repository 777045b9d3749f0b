"""Running a target for a while: how many inputs, and which of them broke a promise."""

import hashlib
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SLOWEST = 20.0
"""Seconds above which a single input is a finding."""


@dataclass(slots=True)
class Run:
    """What a run has found so far; `take` gives it one more input.

    Attributes:
        check: The target's check.
        save: Where inputs that broke a promise are kept, or None.
        inputs: Inputs so far, as the check counts them.
        findings: The input's hash and what happened, by what happened and where, so that one defect is told once.
    """

    check: Callable[[bytes], int]
    save: Path | None = None
    inputs: int = 0
    findings: dict[str, str] = field(default_factory=dict)

    def take(self, content: bytes) -> None:
        """Check one input."""
        started = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self.inputs += self.check(content)
        except Exception as error:
            self.inputs += 1
            frames = traceback.extract_tb(error.__traceback__)[-3:]
            where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
            self._find(f"{type(error).__name__} at {where}", f"{error!s:.200}", content)
        if time.perf_counter() - started > SLOWEST:
            self._find(f"an input took more than {SLOWEST:.0f} s", f"{len(content)} bytes", content)

    def _find(self, what: str, told: str, content: bytes) -> None:
        if what in self.findings:
            return
        name = hashlib.sha256(content).hexdigest()[:16]
        self.findings[what] = f"{told} (input {name}, {len(content)} bytes)"
        if self.save is not None:
            self.save.mkdir(parents=True, exist_ok=True)
            (self.save / name).write_bytes(content)

    def to_text(self, name: str, engine: str) -> str:
        """Return one line with the count, and one for each finding."""
        lines = [f"{name}: {self.inputs} inputs, {len(self.findings)} findings ({engine})"]
        return "\n".join([*lines, *(f"  {what}: {told}" for what, told in self.findings.items())])
