"""Freezes a small model of the format that is written today: run once when a format is released, never again.

    python tests/old_models/freeze.py

It packages the model of format 1 anew, so that all frozen models say the same, and copies its predictions.
"""

import shutil
import tempfile
from pathlib import Path

from callnexus import policy
from callnexus.model_folder import FORMAT, REPORT_FILES, Parts, read, write

HERE = Path(__file__).parent
FIRST = HERE / "1" / "frozen-0.0.1"


def first_parts() -> Parts:
    """Return the parts of the first frozen model."""
    model = read(FIRST)
    return Parts(
        name="frozen",
        release="0.0.1",
        spec=model.extractor.spec,
        lexicon=model.extractor.lexicon,
        weights=model.weights,
        intercepts=model.intercepts,
        thresholds=model.thresholds,
        policy=policy.shipped_text("boston_pilot"),
        sufficiency=model.sufficiency,
        notes={"made_for": f"reading format {FORMAT} for ever"},
    )


def first_reports() -> dict[str, str]:
    """Return its reports, which say nothing."""
    return {name: (FIRST / name).read_text(encoding="utf-8") for name in REPORT_FILES}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        written = write(Path(scratch), first_parts(), first_reports())
        target = HERE / str(FORMAT)
        shutil.copytree(written, target / written.name)
    shutil.copy(FIRST.parent / "predictions.jsonl", target)
