"""Labels of real field narratives joined to the city's own file: the narratives are never part of the project.

The Boston Police Department publishes its field contacts as open data (Analyze Boston, "Field Interrogation and
Observation"). The project keeps ids, hashes and labels; this reader joins them to the CSV that a user downloaded.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from callnexus.corpus.examples import SETTLED, Answer, Example, Vote
from callnexus.errors import ExamplesError, unreadable

LABEL_COLUMNS = ("fc_num", "sha256", "a_mh_nexus", "a_safety_risk", "b_mh_nexus", "b_safety_risk",
                 "mh_nexus", "safety_risk", "stratum", "weight")  # fmt: skip
_NARRATIVES = ("narrative", "contact_reason")
"""Columns that hold the narrative: in the shared slice, and in the files as the city publishes them."""

_DATES = ("date", "contact_date")
_AGE_BANDS = ((12, "0-12"), (17, "13-17"), (25, "18-25"), (39, "26-39"), (64, "40-64"), (200, "65+"))


@dataclass(frozen=True, slots=True)
class Joined:
    """Real narratives.

    Attributes:
        examples: The labelled ones that were found, in the labels' order, then the unlabelled ones if they were asked
            for; the batch is the year.
        weights: By id, how many rows of the source each labelled one stands for.
        missing: Ids that the source does not hold.
        altered: Ids whose narrative is not the one that was labelled.
    """

    examples: list[Example]
    weights: Mapping[str, float]
    missing: tuple[str, ...]
    altered: tuple[str, ...]


def join_labels(labels: Path, sources: Iterable[Path], *, unlabelled: bool = False) -> Joined:
    """Return the labelled narratives found in the city's CSV files.

    Args:
        labels: The committed labels.
        sources: The city's files.
        unlabelled: Whether the rows that nobody labelled are kept too, with null labels: of them only how often groups
            are flagged can be compared. Rows without a narrative are left out.

    Raises:
        ExamplesError: If a file cannot be read or lacks a column that is needed.
    """
    rows = {row["fc_num"]: row for path in sources for row in _read(path, ("fc_num",))}
    examples, weights = [], {}
    missing, altered = [], []
    for label in _read(labels, LABEL_COLUMNS):
        identifier = label["fc_num"]
        row = rows.get(identifier)
        if row is None:
            missing.append(identifier)
            continue
        narrative = _narrative(row)
        if hashlib.sha256(narrative.encode()).hexdigest() != label["sha256"]:
            altered.append(identifier)
            continue
        examples.append(_example(row, narrative, label))
        weights[identifier] = float(label["weight"])
        del rows[identifier]
    if unlabelled:
        left = {name: row for name, row in rows.items() if name not in altered}
        examples += [_example(row, narrative) for row in left.values() if (narrative := _narrative(row))]
    return Joined(examples, weights, tuple(missing), tuple(altered))


def prevalence(joined: Joined) -> dict[str, float]:
    """Return the share of yes for each label in the whole source, estimated with the sampling weights.

    Each row stands for weight rows of its stratum (Horvitz and Thompson, 1952); unsettled labels are left out.
    """
    shares = {}
    for name in ("mh_nexus", "safety_risk"):
        known = [example for example in joined.examples if getattr(example, name) is not None]
        total = sum(joined.weights[example.id] for example in known)
        yes = sum(joined.weights[example.id] for example in known if getattr(example, name) == "yes")
        shares[name] = yes / total if total else float("nan")
    return shares


def _read(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in needed if name not in (reader.fieldnames or ())]
            if lacking:
                raise ExamplesError([f"{path}: no column {', '.join(lacking)}"])
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ExamplesError([f"{path}: cannot be read as CSV: {unreadable(error)}"]) from error


def _narrative(row: Mapping[str, str]) -> str:
    return next((row[name] for name in _NARRATIVES if row.get(name)), "")


def _example(row: Mapping[str, str], narrative: str, label: Mapping[str, str] | None = None) -> Example:
    date = next((row[name][:10] for name in _DATES if row.get(name)), None)
    return Example.model_validate(
        {
            "id": row["fc_num"],
            "narrative": narrative,
            "mh_nexus": None if label is None else _answer(label["mh_nexus"]),
            "safety_risk": None if label is None else _answer(label["safety_risk"]),
            "votes": {} if label is None else _votes(label),
            "batch": f"boston-{date[:4]}" if date else "boston",
            "register": "field_report",
            "city_type": "boston",
            "date": date,
            "district": row.get("zip") or None,
            "subject_race": _known(row.get("race_ethnicity") or row.get("race")),
            "subject_sex": _known(row.get("sex")),
            "subject_age_band": _age_band(row.get("age")),
        }
    )


def _votes(label: Mapping[str, str]) -> dict[str, Vote]:
    votes = {
        name: Vote(mh_nexus=_answer(label[f"{name}_mh_nexus"]), safety_risk=_answer(label[f"{name}_safety_risk"]))
        for name in ("a", "b")
    }
    if votes["a"] != votes["b"]:
        votes[SETTLED] = Vote(mh_nexus=_answer(label["mh_nexus"]), safety_risk=_answer(label["safety_risk"]))
    return votes


def _answer(written: str) -> Answer | None:
    return "yes" if written == "yes" else "no" if written == "no" else None


def _known(value: str | None) -> str | None:
    return None if not value or value.lower() in ("unknown", "mixed") else value.lower()


def _age_band(age: str | None) -> str | None:
    try:
        years = float(age or "")
    except ValueError:
        return None
    return next((band for oldest, band in _AGE_BANDS if years <= oldest), None)
