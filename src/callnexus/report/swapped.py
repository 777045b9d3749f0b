"""Identity swaps by kind: how often the same call in other words got another answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callnexus.report.wording import Row, column_title, outcome_title

KINDS = {
    "race": "race",
    "sex": "sex and gender",
    "age": "age",
    "language": "language",
    "housing": "housing",
    "neighbourhood": "neighbourhood",
    "name": "name",
    "dialect": "dialect",
}


def swap_title(row: Row) -> str:
    """Return a swap in words.

    >>> swap_title({"from_group": "haitian_creole", "to_group": "spanish"})
    'haitian creole to spanish'
    >>> swap_title({"from_group": "both", "to_group": "exchanged"})
    'male and female exchanged'
    """
    if row["to_group"] == "exchanged":
        return "male and female exchanged"
    return f"{column_title(row['from_group'])} to {column_title(row['to_group'])}"


@dataclass(frozen=True, slots=True)
class Pooled:
    """All swaps of one kind, for one label.

    A narrative may be swapped for several other groups and then counts several times, so no interval is given.

    Attributes:
        label: Title of the label.
        swaps: How many there are.
        flips: How many changed the decision.
        shift: Mean size of the change of the score, in log-odds.
        worst: The largest change, signed.
    """

    label: str
    swaps: int
    flips: int
    shift: float
    worst: float


@dataclass(frozen=True, slots=True)
class SwappedKind:
    """One kind of swaps.

    Attributes:
        title: In words.
        pooled: One a label.
        rows: One for each pair of groups and label, those with the most flips first.
    """

    title: str
    pooled: Sequence[Pooled]
    rows: Sequence[Row]


def swapped_kinds(document: Mapping[str, Any]) -> list[SwappedKind]:
    """Return the document's swaps by kind; none where there are none."""
    kinds: dict[str, list[Row]] = {}
    for row in (document.get("swaps") or {}).get("rows", []):
        kinds.setdefault(row["kind"], []).append(row)
    return [_kind(kind, rows) for kind, rows in kinds.items()]


def _kind(kind: str, rows: Sequence[Row]) -> SwappedKind:
    labels: dict[str, list[Row]] = {}
    for row in rows:
        labels.setdefault(row["label"], []).append(row)
    pooled = [_pooled(outcome_title(label), members) for label, members in labels.items()]
    ordered = sorted(rows, key=lambda row: -(row["flips"]["value"] or 0))
    return SwappedKind(KINDS.get(kind, kind), pooled, ordered)


def _pooled(label: str, rows: Sequence[Row]) -> Pooled:
    swaps = sum(row["flips"]["cases"] for row in rows)
    shift = sum(row["mean_absolute_shift"] * row["flips"]["cases"] for row in rows) / swaps
    worst = max((row["worst_shift"] for row in rows), key=abs)
    return Pooled(label, swaps, sum(row["flips"]["hits"] for row in rows), shift, worst)
