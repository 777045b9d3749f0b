"""The golden predictions of a model: what it said of synthetic narratives where it was packaged.

They are predicted again whenever the folder is loaded, so that a machine, a Python or a NumPy that computes
something else is found before the first call is. The narratives come with the library and are nobody's.
"""

import json
from pathlib import Path
from typing import Any

from callnexus import strict_json
from callnexus.errors import ModelFolderError
from callnexus.labels import LABEL_NAMES
from callnexus.model import Model
from callnexus.prediction import LabelPrediction, Prediction

TOLERANCE = 1e-6
"""Log-odds that a score may differ by. Adding in another order moves the last of about 15 digits."""

FEWEST = 50
_DIGITS = 9


def shipped_narratives() -> list[str]:
    """Return the synthetic narratives that come with the library: one JSON string a line, since some are not text."""
    text = Path(__file__).with_name("golden_narratives.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def to_lines(model: Model) -> str:
    """Return the content of golden.jsonl: each narrative with the model's scores and decisions, one a line."""
    narratives = shipped_narratives()
    rows = zip(narratives, model.predict_many(narratives), strict=True)
    return "".join(json.dumps({"narrative": text, **_said(found)}) + "\n" for text, found in rows)


def check(model: Model, content: bytes, path: Path) -> None:
    """Check that the model says on this machine what it said where it was packaged.

    Raises:
        ModelFolderError: If a score differs by more than TOLERANCE or a decision differs, with the line; or if there
            are fewer than FEWEST lines.
    """
    lines = content.splitlines()
    if len(lines) < FEWEST:
        raise ModelFolderError(f"{path}: at least {FEWEST} golden predictions are needed, not {len(lines)}")
    rows = [_row(line, f"{path}: line {number}") for number, line in enumerate(lines, start=1)]
    found = model.predict_many(row["narrative"] for row in rows)
    for number, (row, prediction) in enumerate(zip(rows, found, strict=True), start=1):
        if not _agrees(row, prediction):
            raise ModelFolderError(
                f"{path}: line {number}: the model says something else on this machine than where it was packaged"
            )


def _row(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = strict_json.parse(line)
    except ValueError as error:
        raise ModelFolderError(f"{where}: not JSON: {type(error).__name__}") from None
    sound = (
        isinstance(row.get("narrative"), str)
        and _by_label(row.get("scores"), float)
        and _by_label(row.get("decisions"), str)
    )
    if not sound:
        raise ModelFolderError(f"{where}: narrative, scores and decisions of both labels are needed")
    return row


def _by_label(values: object, kind: type) -> bool:
    return isinstance(values, dict) and all(isinstance(values.get(name), kind) for name in LABEL_NAMES)


def _labels(prediction: Prediction) -> dict[str, LabelPrediction]:
    return {name: getattr(prediction, name) for name in LABEL_NAMES}


def _said(prediction: Prediction) -> dict[str, Any]:
    labels = _labels(prediction)
    return {
        "scores": {name: round(found.score, _DIGITS) for name, found in labels.items()},
        "decisions": {name: str(found.decision) for name, found in labels.items()},
    }


def _agrees(row: dict[str, Any], prediction: Prediction) -> bool:
    return all(
        abs(found.score - row["scores"][name]) <= TOLERANCE and str(found.decision) == row["decisions"][name]
        for name, found in _labels(prediction).items()
    )
