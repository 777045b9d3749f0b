"""One version beside another on the same examples: which answers changed, whose, and whether errors grew.

Two documents: the fairness report's `comparison`, and the one of `callnexus compare`, whose keys are those that
`version_changes` names.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from callnexus.evaluation.counts import Grouping, Outcome, groupings, whole
from callnexus.evaluation.drift import Change, changes
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.tables import compact, plain
from callnexus.labels import LABEL_NAMES

COMPARISON_SCHEMA = 1
"""Version of the layout that `version_changes` returns; raise it when a key changes its meaning or goes."""

RESPONSE = "response"
"""The outcome under which changed recommendations are counted, beside the labels."""

WORST = 20
"""Changed decisions that are listed for each label."""


@dataclass(frozen=True, slots=True)
class Previous:
    """Another version to compare with.

    Attributes:
        model: Its name and version.
        judged: What it said; examples are matched by id.
    """

    model: str
    judged: Judged


@dataclass(frozen=True, slots=True)
class Flow:
    """How many examples moved from one answer to another.

    Attributes:
        outcome: A label's name, or RESPONSE.
        before: What the other version said.
        after: What this one says; the same where nothing changed.
        examples: How many.
    """

    outcome: str
    before: str
    after: str
    examples: int


@dataclass(frozen=True, slots=True)
class Tested:
    """McNemar's exact test (1947) of one label: do the versions err equally often?

    Attributes:
        label: Name of the label.
        cases: Examples whose truth is known.
        fixed: Wrong before, right now; a true example that is not decided yes counts as wrong, another only if it is.
        broken: Right before, wrong now.
        p: Two-sided; None where no example has a known truth.
    """

    label: str
    cases: int
    fixed: int
    broken: int
    p: float | None


@dataclass(frozen=True, slots=True)
class Moved:
    """One example whose decision changed.

    Attributes:
        id: The example's id. Never its text.
        label: Name of the label.
        truth: "yes", "no" or None where it is not known.
        before: What the other version decided.
        after: What this one decides.
        probability_before: What the other version said; None where it gives no probability.
        probability_after: What this one says.
    """

    id: str
    label: str
    truth: str | None
    before: str
    after: str
    probability_before: float | None
    probability_after: float | None


@dataclass(frozen=True, slots=True)
class _Changed:
    column: str
    outcome: str
    group: str
    examples: int
    changed: int


@dataclass(frozen=True, slots=True)
class _Pairing:
    # Two versions' answers of the examples that both have, in the order of the new version.
    old: Judged
    new: Judged
    there: NDArray[np.intp]
    here: NDArray[np.intp]

    def columns(self) -> list[Grouping]:
        groups = {column: [values[i] for i in self.here] for column, values in self.new.groups.items()}
        return [whole(len(self.here)), *groupings(groups)]

    def label_outcomes(self) -> Iterable[tuple[Outcome, Outcome]]:
        for old, new in zip(self.old.label_outcomes(), self.new.label_outcomes(), strict=True):
            # One truth for both, or a label that was settled in between would count as a change of the model.
            truth = new.truth[self.here]
            yield (
                Outcome(old.name, truth, old.decided[self.there], old.review[self.there]),
                Outcome(new.name, truth, new.decided[self.here], new.review[self.here]),
            )

    def answers(self) -> Mapping[str, tuple[NDArray[np.object_], NDArray[np.object_]]]:
        # By label, and the recommendation last.
        said = {name: (self.old.decisions[name], self.new.decisions[name]) for name in LABEL_NAMES}
        said[RESPONSE] = (self.old.responses, self.new.responses)
        return {name: (old[self.there], new[self.here]) for name, (old, new) in said.items()}


def comparison(previous: Previous, judged: Judged) -> dict[str, Any]:
    """Return the fairness document's `comparison`; see `callnexus.evaluation.fairness`."""
    pairing = _paired(previous.judged, judged)
    columns, answers = pairing.columns(), pairing.answers()
    return {
        "model": previous.model,
        "examples": len(pairing.here),
        "changes": _changes(pairing, columns),
        "decisions": _decisions({name: answers[name] for name in LABEL_NAMES}, columns),
    }


def version_changes(previous: Previous, judged: Judged, *, model: str, data: str) -> dict[str, Any]:
    """Return what changed between two versions, as plain JSON types.

    Keys: `schema`, `old`, `new` (names), `data`, `examples` (in both); `flows`, a list of `Flow`, for each label and
    the response; `changed`, a table (column, group, outcome, examples, changed); `tests`, a list of `Tested`;
    `changes`, a table of `drift.Change`, of error rates by group; `worst`, a list of `Moved`, for each label those
    whose probability moved furthest. Without labels the tests have no cases, and the rest stands.

    Args:
        previous: The old version.
        judged: What the new version said; its group columns are used.
        model: The new version's name.
        data: In a few words, which examples.
    """
    pairing = _paired(previous.judged, judged)
    columns, answers = pairing.columns(), pairing.answers()
    return {
        "schema": COMPARISON_SCHEMA,
        "old": previous.model,
        "new": model,
        "data": data,
        "examples": len(pairing.here),
        "flows": [plain(flow) for name, said in answers.items() for flow in _flows(name, *said)],
        "changed": _decisions(answers, columns),
        "tests": [plain(_tested(*pair)) for pair in pairing.label_outcomes()],
        "changes": _changes(pairing, columns),
        "worst": [plain(moved) for name in LABEL_NAMES for moved in _worst(pairing, name)],
    }


def _paired(old: Judged, new: Judged) -> _Pairing:
    place = {name: i for i, name in enumerate(old.ids)}
    here = np.array([i for i, name in enumerate(new.ids) if name in place], np.intp)
    there = np.array([place[new.ids[i]] for i in here], np.intp)
    return _Pairing(old, new, there, here)


def _changes(pairing: _Pairing, columns: Sequence[Grouping]) -> dict[str, Any]:
    found = [row for pair in pairing.label_outcomes() for row in changes(*pair, columns)]
    return compact(found, Change, ("column", "outcome", "measure"))


def _decisions(
    answers: Mapping[str, tuple[NDArray[np.object_], NDArray[np.object_]]], columns: Sequence[Grouping]
) -> dict[str, Any]:
    rows = [
        row
        for name, (before, after) in answers.items()
        for grouping in columns
        for row in _changed(name, grouping, before != after)
    ]
    return compact(rows, _Changed, ("column", "outcome"))


def _changed(outcome: str, grouping: Grouping, differs: Any) -> list[_Changed]:
    size = len(grouping.groups)
    counted = (np.bincount(grouping.code, minlength=size), np.bincount(grouping.code[differs], minlength=size))
    return [
        _Changed(grouping.column, outcome, group, n, changed)
        for group, n, changed in zip(grouping.groups, *(part.tolist() for part in counted), strict=True)
    ]


def _flows(outcome: str, before: NDArray[np.object_], after: NDArray[np.object_]) -> list[Flow]:
    pairs = Counter(zip(map(str, before), map(str, after), strict=True))
    return [Flow(outcome, *pair, pairs[pair]) for pair in sorted(pairs)]


def _tested(old: Outcome, new: Outcome) -> Tested:
    known = ~np.isnan(new.truth)
    before, after = (known & (outcome.decided != (new.truth == 1)) for outcome in (old, new))
    fixed, broken = int((before & ~after).sum()), int((after & ~before).sum())
    p = 1.0 if fixed + broken == 0 else float(binomtest(fixed, fixed + broken, 0.5).pvalue)
    return Tested(new.name, int(known.sum()), fixed, broken, p if known.any() else None)


def _worst(pairing: _Pairing, label: str) -> list[Moved]:
    before, after = pairing.answers()[label]
    place, differs = LABEL_NAMES.index(label), np.flatnonzero(before != after)
    old, new = (
        np.full(len(here), np.nan) if judged.probability is None else judged.probability[here, place]
        for judged, here in ((pairing.old, pairing.there), (pairing.new, pairing.here))
    )
    # Where a version gives no probability nothing can be ordered, and the order of the examples stays.
    moves = np.nan_to_num(np.abs(new - old))
    chosen = differs[np.argsort(-moves[differs], kind="stable")][:WORST]
    truth = {0.0: "no", 1.0: "yes"}
    return [
        Moved(
            pairing.new.ids[pairing.here[i]],
            label,
            truth.get(float(pairing.new.truth[pairing.here[i], place])),
            str(before[i]),
            str(after[i]),
            *(None if np.isnan(part[i]) else float(part[i]) for part in (old, new)),
        )
        for i in chosen.tolist()
    ]
