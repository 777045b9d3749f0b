"""How far annotators agree: Cohen's kappa and Krippendorff's alpha, overall and by part of the corpus."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score

from callnexus.corpus.examples import SETTLED, Example
from callnexus.labels import LABEL_NAMES

_CODES = {"yes": 1.0, "no": 0.0, None: np.nan}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far annotators agree on one label.

    Attributes:
        part: Which examples, such as "register dispatch" or "all".
        label: The label's name.
        examples: Examples with at least two votes.
        pairs: Pairs of votes that both say yes or no.
        same: Share of these pairs that agree; None without a pair.
        kappa: Cohen's kappa (1960) over the pairs, in the annotators' order; None where it is undefined.
        alpha: Krippendorff's alpha (2004), nominal; None where it is undefined.
        adjudicated: Examples that a third reading settled.
    """

    part: str
    label: str
    examples: int
    pairs: int
    same: float | None
    kappa: float | None
    alpha: float | None
    adjudicated: int


def agreement(examples: Sequence[Example]) -> list[Agreement]:
    """Return the agreement on both labels: of all examples, then by register, then by batch."""
    parts: dict[str, list[Example]] = {"all": list(examples)}
    for example in sorted(examples, key=lambda example: (example.register_, example.batch)):
        parts.setdefault(f"register {example.register_}", []).append(example)
    for example in sorted(examples, key=lambda example: example.batch):
        parts.setdefault(f"batch {example.batch}", []).append(example)
    return [agreement_on(part, label, members) for part, members in parts.items() for label in LABEL_NAMES]


def agreement_on(part: str, label: str, examples: Sequence[Example]) -> Agreement:
    """Return how far annotators agree on one label of some examples, which are called `part`."""
    votes = [[getattr(vote, label) for name, vote in example.votes.items() if name != SETTLED] for example in examples]
    double = [answers for answers in votes if len(answers) > 1]
    pairs = [
        pair for answers in double for pair in combinations(answers, 2) if pair[0] is not None and pair[1] is not None
    ]
    return Agreement(
        part=part,
        label=label,
        examples=len(double),
        pairs=len(pairs),
        same=sum(one == other for one, other in pairs) / len(pairs) if pairs else None,
        kappa=_kappa(pairs),
        alpha=_alpha(double),
        adjudicated=sum(SETTLED in example.votes for example in examples),
    )


def _kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    # Undefined where every vote is the same answer: chance alone would agree.
    if len({answer for pair in pairs for answer in pair}) < 2:
        return None
    first, second = zip(*pairs, strict=True)
    return float(cohen_kappa_score(first, second))


def _alpha(votes: Sequence[Sequence[str | None]]) -> float | None:
    width = max(map(len, votes), default=0)
    table = np.full((width, len(votes)), np.nan)
    for column, answers in enumerate(votes):
        table[: len(answers), column] = [_CODES[answer] for answer in answers]
    if len(np.unique(table[~np.isnan(table)])) < 2:
        return None
    with warnings.catch_warnings():
        # An example of which one vote alone is known counts for nothing, as it should.
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(krippendorff.alpha(table, level_of_measurement="nominal"))
