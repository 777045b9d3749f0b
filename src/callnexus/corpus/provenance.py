"""Who labelled the examples, and how far they agree, by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from callnexus.corpus.agreement import agreement_on
from callnexus.corpus.examples import GROUP_COLUMNS, SETTLED, Example
from callnexus.evaluation.counts import UNKNOWN
from callnexus.evaluation.tables import compact
from callnexus.labels import LABEL_NAMES


@dataclass(frozen=True, slots=True)
class _Agreed:
    column: str
    label: str
    group: str
    examples: int
    pairs: int
    same: float | None
    kappa: float | None
    alpha: float | None
    adjudicated: int


def provenance(examples: Sequence[Example]) -> dict[str, Any]:
    """Return who labelled the examples and how far they agree, as plain rows; no annotator is named.

    Returns:
        `annotators`, how many there are; `votes`, how many they gave; `settled`, examples with a third reading;
        `readings`, [annotators of an example, examples] for each number; `agreement`, a table as `tables.compact`
        makes it (column, label, group, and those of `corpus.agreement.Agreement`), of all examples and by group.
    """
    voters = [[name for name in example.votes if name != SETTLED] for example in examples]
    readings = np.bincount(np.array([len(names) for names in voters], np.intp))
    parts: dict[tuple[str, str], list[Example]] = {("all", "all"): list(examples)}
    for column in GROUP_COLUMNS:
        groups: dict[str, list[Example]] = {}
        for example in examples:
            groups.setdefault(getattr(example, column) or UNKNOWN, []).append(example)
        parts |= {(column, group): groups[group] for group in sorted(groups)}
    rows = []
    for (column, group), members in parts.items():
        for label in LABEL_NAMES:
            found = agreement_on(group, label, members)
            counted = (found.examples, found.pairs, found.same, found.kappa, found.alpha, found.adjudicated)
            rows.append(_Agreed(column, label, group, *counted))
    return {
        "annotators": len({name for names in voters for name in names}),
        "votes": sum(map(len, voters)),
        "settled": sum(SETTLED in example.votes for example in examples),
        "readings": [[number, count] for number, count in enumerate(readings.tolist()) if count],
        "agreement": compact(rows, _Agreed, ("column", "label")),
    }
