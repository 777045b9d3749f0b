"""Everything that can be checked of a corpus without a model, as one report that prints and travels as JSON."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from callnexus.corpus.agreement import Agreement, agreement
from callnexus.corpus.examples import GROUP_COLUMNS, Example, data_hash, to_frame
from callnexus.corpus.probes import Probe, probes
from callnexus.corpus.splits import leaks, near_identical, shared_runs, split_by_batch
from callnexus.errors import ExamplesError
from callnexus.labels import LABEL_NAMES

COUNTED = ("batch", "register", "city_type", "group_kind", *GROUP_COLUMNS)
FEWEST_BATCHES = 5
STEPS = (
    "counting",
    "comparing annotators",
    "probing for give-aways",
    "looking for leaks and near-identical narratives",
)
"""What a check takes, for its progress."""

QUARTILES = ("shortest", "lower quartile", "median", "upper quartile", "longest")


@dataclass(frozen=True, slots=True)
class Count:
    """How the labels fall in one part of the corpus."""

    column: str
    value: str
    examples: int
    mh_nexus_yes: int
    safety_risk_yes: int
    hard: int


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """What was found.

    Attributes:
        examples: How many.
        sha256: Of their content, whatever the order.
        counts: By every column, the whole first.
        combinations: Examples of each pair of labels, as "yes/no".
        words: Quartiles of narrative length, shortest and longest.
        agreement: Between annotators.
        probes: Whether surface habits or groups give the labels away; empty when there are too few batches.
        problems: What must be mended: leaks, near-identical pairs between groups, runs of words shared by groups.
    """

    examples: int
    sha256: str
    counts: Sequence[Count]
    combinations: dict[str, int]
    words: dict[str, float]
    agreement: Sequence[Agreement]
    probes: Sequence[Probe]
    problems: Sequence[str]

    @property
    def complaints(self) -> list[str]:
        """All that must be mended, a line each."""
        failed = [f"probe {p.name}: {p.label} AUC {p.auc:.3f}, at most {p.limit}" for p in self.probes if not p.passed]
        return [*self.problems, *failed]

    @property
    def passed(self) -> bool:
        """Whether nothing must be mended and both probes found little."""
        return not self.complaints

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with the verdicts stated."""
        plain = asdict(self) | {"passed": self.passed}
        plain["probes"] = [asdict(probe) | {"passed": probe.passed} for probe in self.probes]
        return plain


def check_corpus(
    examples: Sequence[Example],
    *,
    folds: int = 5,
    seed: int = 0,
    progress: Callable[[str], None] = lambda step: None,
) -> CorpusReport:
    """Return everything found in valid examples; see `read_examples` for what makes them valid.

    Args:
        examples: The corpus.
        folds: Batch folds of the probes and of the search for leaks.
        seed: Of the folds.
        progress: Told each of STEPS as it begins.
    """
    progress(STEPS[0])
    frame = to_frame(examples)
    lengths = pd.Series([len(example.narrative.split()) for example in examples])
    enough = frame["batch"].nunique() >= max(folds, FEWEST_BATCHES)
    counts = [_count(frame, "all", "all"), *_counts(frame)]
    progress(STEPS[1])
    votes = agreement(examples)
    progress(STEPS[2])
    found = probes(examples, folds=folds, seed=seed) if enough else []
    progress(STEPS[3])
    return CorpusReport(
        examples=len(examples),
        sha256=data_hash(examples),
        counts=counts,
        combinations=dict(sorted(Counter(f"{e.mh_nexus}/{e.safety_risk}" for e in examples).items())),
        words=dict(zip(QUARTILES, lengths.quantile([0, 0.25, 0.5, 0.75, 1]).tolist(), strict=True)),
        agreement=votes,
        probes=found,
        problems=_problems(examples, folds=folds, seed=seed, enough=enough),
    )


def _counts(frame: pd.DataFrame) -> list[Count]:
    return [
        _count(frame[frame[column].fillna("unknown") == value], column, value)
        for column in COUNTED
        for value in sorted(frame[column].fillna("unknown").unique())
    ]


def _count(frame: pd.DataFrame, column: str, value: str) -> Count:
    nexus, risk = (int((frame[label] == "yes").sum()) for label in LABEL_NAMES)
    return Count(column, value, len(frame), nexus, risk, int(frame["hard"].notna().sum()))


def _problems(examples: Sequence[Example], *, folds: int, seed: int, enough: bool) -> list[str]:
    problems = []
    if enough:
        try:
            splits = split_by_batch(examples, folds=folds, seed=seed)
            problems += leaks(examples, splits.named())
        except ExamplesError as error:
            problems += error.problems
    for left, right, share in near_identical([example.narrative for example in examples]):
        one, other = examples[left], examples[right]
        if one.group_id is None or one.group_id != other.group_id:
            problems.append(f"ids {one.id} and {other.id}: near-identical ({share:.0%}) and not of one group")
    problems += [f"ids {one} and {other}: share a run of six words" for one, other in shared_runs(examples)]
    return sorted(set(problems))
