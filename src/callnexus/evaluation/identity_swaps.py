"""Does a decision hang on who somebody is? Identity terms are swapped and the answers compared.

Counterfactual tests in the sense of Garg et al. (Counterfactual Fairness in Text Classification through Robustness,
AIES 2019), on the narratives of a test set: the same call with another race, sex, age, language, home, neighbourhood,
name or dialect. Only terms that are there are swapped, never put in. A swap that cannot be made grammatical, or that
would say something else about the call, is left out, so a row tells of the narratives it counts and of no others. A
flip is a disparity to look into; no flips are no proof that there is none.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol

from callnexus.evaluation.identity_grammar import Edit, applied, article_edit, in_case, plural_verbs, unclear_her
from callnexus.evaluation.identity_patterns import aged
from callnexus.evaluation.identity_terms import KINDS, Mention, Reading, identity_terms, read_narratives
from callnexus.evaluation.metrics import Rate, wilson
from callnexus.labels import LABEL_NAMES, Decision

WORST = 10
"""Cases listed in a row."""

EXCHANGED: Mapping[str, str] = MappingProxyType({"male": "female", "female": "male"})
"""Where a narrative has both, they change places: swapping one alone would make two persons one."""

_AGE_BANDS = ("young", "middle", "old")
_DISTINCT = ("name", "neighbourhood")
_PARTLY = ("dialect",)
"""Kinds of which a narrative may keep terms that have no counterpart."""


class ScoredAnswer(Protocol):
    """What is known of one label of one text; a `LabelPrediction` is one."""

    @property
    def score(self) -> float:
        """In log-odds."""

    @property
    def decision(self) -> Decision:
        """By the model's own thresholds."""


class ScoredAnswers(Protocol):
    """The answers to one text, by label; a `Prediction` is one."""

    @property
    def mh_nexus(self) -> ScoredAnswer:
        """Does the call have a mental health nexus?"""

    @property
    def safety_risk(self) -> ScoredAnswer:
        """Is there an imminent safety risk?"""


@dataclass(frozen=True, slots=True)
class Swap:
    """One narrative with one group's terms swapped for another's.

    Attributes:
        narrative: Index of the narrative.
        kind: One of KINDS.
        from_group: Whose terms were found; "both" where male and female terms changed places.
        to_group: Whose terms were written; "exchanged" in that case.
        text: The swapped narrative. As sensitive as the narrative itself.
        edits: What was replaced, by places in the narrative.
    """

    narrative: int
    kind: str
    from_group: str
    to_group: str
    text: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class WorstSwap:
    """One of the largest score shifts of a row.

    Attributes:
        narrative: Index of the narrative. Never its text.
        shift: Score of the swapped text less that of the narrative, in log-odds.
        flipped: Whether the decision changed.
    """

    narrative: int
    shift: float
    flipped: bool


@dataclass(frozen=True, slots=True)
class SwapRow:
    """What one swap between two groups did to one label.

    Attributes:
        kind: One of KINDS.
        from_group: Whose terms were found.
        to_group: Whose terms were written.
        label: Name of the label.
        flips: Share of swaps whose decision changed, with its Wilson interval.
        mean_shift: Mean change of the score, in log-odds, signed.
        mean_absolute_shift: Mean size of the change.
        worst_shift: The largest change, signed.
        worst: The ten largest changes, largest first.
    """

    kind: str
    from_group: str
    to_group: str
    label: str
    flips: Rate
    mean_shift: float
    mean_absolute_shift: float
    worst_shift: float
    worst: tuple[WorstSwap, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain JSON types."""
        return asdict(self) | {"worst": [asdict(case) for case in self.worst]}


def swaps_of(narratives: Iterable[str], *, kinds: Iterable[str] = KINDS) -> list[Swap]:
    """Return every swap that the narratives allow, by narrative, then kind, then groups.

    Every term of the found group is swapped, in the same letter case, with articles and pronouns made to agree; the
    other groups of a narrative stay. Male and female terms in one narrative change places. Ages move between young
    (18-29), middle (30-59) and old (60 and more) if all ages of a narrative are in one band; where a child is
    mentioned no age is swapped, because that can change the label.

    Args:
        narratives: Any strings.
        kinds: Which of KINDS to swap.

    Raises:
        ValueError: If a kind is not one of KINDS.

    >>> [swap.text for swap in swaps_of(["W/M W/ AN UMBRELLA, SAYS HE IS COLD"], kinds=["sex"])]
    ['W/F W/ AN UMBRELLA, SAYS SHE IS COLD', 'W/X W/ AN UMBRELLA, SAYS THEY ARE COLD']
    """
    wanted = tuple(kinds)
    unknown = sorted(set(wanted) - set(KINDS))
    if unknown:
        raise ValueError(f"unknown kinds of swaps: {', '.join(unknown)}; known are {', '.join(KINDS)}")
    return [
        swap
        for index, reading in enumerate(read_narratives(narratives))
        for kind in KINDS
        if kind in wanted
        for swap in _swaps_of_kind(index, kind, reading)
    ]


def _swaps_of_kind(index: int, kind: str, reading: Reading) -> Iterator[Swap]:
    mentions = [mention for mention in reading.mentions if mention.kind == kind]
    present = sorted({mention.group for mention in mentions})
    if not mentions or (kind, "*") in reading.blocked:
        return
    if kind == "sex" and len(present) > 1:
        yield from _made(index, reading, "both", "exchanged", [(one, EXCHANGED[one.group]) for one in mentions])
        return
    if kind == "age" and (len(present) > 1 or "child" in present):
        return
    for group in present:
        for other in _groups(kind):
            if other != group and (kind, other) not in reading.blocked:
                pairs = [(one, other) for one in mentions if one.group == group]
                yield from _made(index, reading, group, other, pairs)


def _made(
    index: int, reading: Reading, from_group: str, to_group: str, pairs: Sequence[tuple[Mention, str]]
) -> Iterator[Swap]:
    edits = _edits(reading, pairs)
    text = applied(reading.text, edits) if edits else None
    if edits and text is not None and text != reading.text:
        yield Swap(index, pairs[0][0].kind, from_group, to_group, text, tuple(edits))


def _edits(reading: Reading, pairs: Sequence[tuple[Mention, str]]) -> list[Edit] | None:
    """Return what to replace, or None if a term has no counterpart or a sentence would not be right."""
    edits: list[Edit] = []
    given: dict[tuple[str, str], str] = {}
    for mention, group in pairs:
        old = reading.text[mention.start : mention.end]
        new = _counterpart(reading, mention, group, given)
        verbs = _agreement(reading, mention, group)
        if verbs is None or (new is None and mention.kind not in _PARTLY):
            return None
        if new is not None:
            edit = Edit(mention.start, mention.end, in_case(new, old))
            article = article_edit(reading.text, edit)
            edits += [edit, *verbs, *([article] if article else [])]
    return sorted(edits, key=lambda edit: edit.start)


def _agreement(reading: Reading, mention: Mention, group: str) -> list[Edit] | None:
    if mention.kind != "sex":
        return []
    if mention.slot == "subject" and group == "neutral":
        return plural_verbs(reading, mention.start)
    her = reading.text[mention.start : mention.end].lower() == "her"
    return None if her and group == "male" and unclear_her(reading, mention.start) else []


def _counterpart(reading: Reading, mention: Mention, group: str, given: dict[tuple[str, str], str]) -> str | None:
    """Return the other group's term for the mention; a name or place always gets the same one, and each its own.

    Args:
        reading: The narrative.
        mention: What is replaced.
        group: Whose term is wanted.
        given: Counterparts given so far in this narrative, by slot and lower-cased term; added to.
    """
    old = reading.text[mention.start : mention.end]
    if mention.slot in ("number", "decade"):
        return aged(old, group)
    terms = _written().get((mention.kind, mention.slot, group), ())
    if mention.kind not in _DISTINCT:
        return terms[0] if terms else None
    key = (mention.slot, old.lower())
    if key not in given:
        taken = {*given.values(), *(term for term in terms if term.lower() in reading.text.lower())}
        free = [term for term in terms if term not in taken]
        if not free:
            return None
        given[key] = free[0]
    return given[key]


@cache
def _written() -> Mapping[tuple[str, str, str], tuple[str, ...]]:
    return {(term.kind, term.slot, term.group): term.terms for term in identity_terms()}


@cache
def _groups(kind: str) -> tuple[str, ...]:
    listed = [term.group for term in identity_terms() if term.kind == kind and term.slot != "block"]
    return _AGE_BANDS if kind == "age" else tuple(dict.fromkeys(listed))


def swap_rows(
    narratives: Sequence[str], swaps: Sequence[Swap], predict: Callable[[list[str]], Sequence[ScoredAnswers]]
) -> list[SwapRow]:
    """Return one row per kind, pair of groups and label, in the order of KINDS, then by group.

    A narrative counts once in a row, but narratives that are variants of each other are counted one by one, so an
    interval may be somewhat too narrow.

    Args:
        narratives: As given to `swaps_of`.
        swaps: From `swaps_of`.
        predict: Gives one set of answers per narrative, in order, such as `model.predict_many`. Called once, with
            every distinct text once.

    Raises:
        ValueError: If `predict` gives more or fewer answers than narratives.
        IndexError: If a swap is of a narrative that isn't there.
    """
    texts = list(dict.fromkeys(text for swap in swaps for text in (narratives[swap.narrative], swap.text)))
    answered = dict(zip(texts, predict(texts), strict=True))
    grouped: dict[tuple[int, str, str], list[Swap]] = {}
    for swap in swaps:
        grouped.setdefault((KINDS.index(swap.kind), swap.from_group, swap.to_group), []).append(swap)
    return [
        _row(grouped[key], [_case(swap, narratives[swap.narrative], answered, label) for swap in grouped[key]], label)
        for key in sorted(grouped)
        for label in LABEL_NAMES
    ]


def _case(swap: Swap, narrative: str, answered: Mapping[str, ScoredAnswers], label: str) -> WorstSwap:
    before: ScoredAnswer = getattr(answered[narrative], label)
    after: ScoredAnswer = getattr(answered[swap.text], label)
    return WorstSwap(swap.narrative, after.score - before.score, after.decision is not before.decision)


def _row(swaps: Sequence[Swap], cases: Sequence[WorstSwap], label: str) -> SwapRow:
    shifts = [case.shift for case in cases]
    worst = sorted(cases, key=lambda case: (-abs(case.shift), case.narrative))[:WORST]
    return SwapRow(
        kind=swaps[0].kind,
        from_group=swaps[0].from_group,
        to_group=swaps[0].to_group,
        label=label,
        flips=wilson(sum(case.flipped for case in cases), len(cases)),
        mean_shift=math.fsum(shifts) / len(shifts),
        mean_absolute_shift=math.fsum(map(abs, shifts)) / len(shifts),
        worst_shift=worst[0].shift,
        worst=tuple(worst),
    )


def swaps_json(rows: Sequence[SwapRow]) -> dict[str, Any]:
    """Return the rows and their totals as plain JSON types."""
    return {
        "swaps": sum(row.flips.cases for row in rows),
        "flips": sum(row.flips.hits for row in rows),
        "rows": [row.to_dict() for row in rows],
    }
