"""Splitting examples by batch, and proving that nothing leaks from one split into another."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from callnexus.corpus.examples import Example
from callnexus.errors import ExamplesError
from callnexus.narrative import normalise
from callnexus.words import join_hashes, split_words

RUN = 6
"""Words in a run; two narratives that share half of their runs are near-identical."""

NEAR_IDENTICAL = 0.5


@dataclass(frozen=True, slots=True)
class Splits:
    """Indices of the examples of each split, sorted, disjoint."""

    training: NDArray[np.int64]
    calibration: NDArray[np.int64]
    test: NDArray[np.int64]

    def named(self) -> Mapping[str, NDArray[np.int64]]:
        """Return the splits by name."""
        return {"training": self.training, "calibration": self.calibration, "test": self.test}


def split_by_batch(examples: Sequence[Example], *, folds: int, seed: int) -> Splits:
    """Return one fold as test, the next as calibration, the rest as training; a batch is never in two.

    Raises:
        ExamplesError: If there are fewer batches than folds, or a near-identical pair crosses splits.
    """
    parts = batch_folds(examples, folds=folds, seed=seed)
    splits = Splits(training=np.sort(np.concatenate(parts[2:])), calibration=np.sort(parts[1]), test=np.sort(parts[0]))
    problems = leaks(examples, splits.named())
    if problems:
        raise ExamplesError(problems)
    return splits


def split_by_name(
    examples: Sequence[Example], *, test_batches: Sequence[str], calibration_batches: Sequence[str]
) -> Splits:
    """Return the named batches as test and calibration, all others as training.

    Raises:
        ExamplesError: If a batch has no example or is named for both, nothing is left to train on, or a near-identical
            pair crosses splits.
    """
    batches = [example.batch for example in examples]
    homes = dict.fromkeys(batches, "training")
    homes |= dict.fromkeys(calibration_batches, "calibration") | dict.fromkeys(test_batches, "test")
    problems = [f"batch {name}: no example has it" for name in homes if name not in set(batches)]
    problems += [f"batch {name}: named for both splits" for name in test_batches if name in calibration_batches]
    members = {
        split: np.array([i for i, name in enumerate(batches) if homes[name] == split], np.int64)
        for split in ("training", "calibration", "test")
    }
    if not len(members["training"]):
        problems.append("no batch is left to train on")
    problems = problems or leaks(examples, members)
    if problems:
        raise ExamplesError(problems)
    return Splits(**members)


def split_by_date(examples: Sequence[Example], *, folds: int) -> Splits:
    """Return the latest 1/folds of the examples as test, those before as calibration, the earliest as training.

    What a model meets in use comes after what it learnt from; this split measures that.

    Raises:
        ExamplesError: If an example has no date, or a group or near-identical pair crosses splits.
    """
    undated = [f"id {example.id}: date: needed to split by date" for example in examples if example.date is None]
    if undated:
        raise ExamplesError(undated)
    order = np.array(sorted(range(len(examples)), key=lambda i: (str(examples[i].date), examples[i].id)))
    held = len(order) // folds
    splits = Splits(
        training=np.sort(order[: -2 * held]), calibration=np.sort(order[-2 * held : -held]), test=np.sort(order[-held:])
    )
    problems = list(_near_identical_across(examples, _split_of(splits.named())))
    if problems:
        raise ExamplesError(problems)
    return splits


def batch_folds(examples: Sequence[Example], *, folds: int, seed: int) -> list[NDArray[np.int64]]:
    """Return the indices of each fold; batches stay whole and label combinations are spread evenly.

    Raises:
        ExamplesError: If there are fewer batches than folds.
    """
    batches = [example.batch for example in examples]
    if len(set(batches)) < folds:
        raise ExamplesError([f"batch: {len(set(batches))} batches cannot be split into {folds} folds by batch"])
    # The few examples whose label nobody could settle are no stratum of their own.
    strata = [f"{example.mh_nexus or 'no'}/{example.safety_risk or 'no'}" for example in examples]
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return [test for _, test in splitter.split(np.zeros(len(examples)), strata, batches)]


def leaks(examples: Sequence[Example], splits: Mapping[str, NDArray[np.int64]]) -> list[str]:
    """Return a line for each group or near-identical pair of narratives that stands in two splits."""
    split_of = _split_of(splits)
    return [*_torn(examples, split_of), *_near_identical_across(examples, split_of)]


def _split_of(splits: Mapping[str, NDArray[np.int64]]) -> dict[int, str]:
    return {int(index): name for name, indices in splits.items() for index in indices}


def _torn(examples: Sequence[Example], split_of: Mapping[int, str]) -> Iterator[str]:
    homes: dict[str, set[str]] = {}
    for index, name in split_of.items():
        homes.setdefault(f"batch {examples[index].batch}", set()).add(name)
        if examples[index].group_id is not None:
            homes.setdefault(f"group {examples[index].group_id}", set()).add(name)
    for key, names in homes.items():
        if len(names) > 1:
            yield f"{key}: stands in {' and '.join(sorted(names))}"


def _near_identical_across(examples: Sequence[Example], split_of: Mapping[int, str]) -> Iterator[str]:
    for left, right, share in near_identical([example.narrative for example in examples]):
        one, other = split_of.get(left), split_of.get(right)
        if one and other and one != other:
            yield (
                f"id {examples[left].id} ({one}) and id {examples[right].id} ({other}): "
                f"near-identical narratives ({share:.0%} of their word runs) may not stand in two splits"
            )


def near_identical(narratives: Sequence[str]) -> list[tuple[int, int, float]]:
    """Return (index, index, share) of each pair that shares at least half of the shorter one's word runs."""
    runs = word_runs(narratives)
    shared: Counter[tuple[int, int]] = Counter()
    for owners in _owners(runs).values():
        if 1 < len(owners) <= 50:
            shared.update(combinations(owners, 2))
    pairs = ((pair, times / min(len(runs[pair[0]]), len(runs[pair[1]]))) for pair, times in shared.items())
    return [(left, right, share) for (left, right), share in pairs if share >= NEAR_IDENTICAL]


def shared_runs(examples: Sequence[Example]) -> list[tuple[str, str]]:
    """Return the ids of each pair of examples of different groups that shares a run of six words."""
    found = set()
    for owners in _owners(word_runs([example.narrative for example in examples], short=False)).values():
        for left, right in combinations(owners, 2):
            one, other = examples[left], examples[right]
            if one.group_id is None or one.group_id != other.group_id:
                found.add((one.id, other.id))
    return sorted(found)


def word_runs(narratives: Sequence[str], *, short: bool = True) -> list[set[int]]:
    """Return the hashes of each narrative's runs of six words.

    Args:
        narratives: Any strings.
        short: Whether a narrative of fewer words counts as one run of its own.
    """
    runs: list[set[int]] = []
    for narrative in narratives:
        hashes = split_words(normalise([narrative])).hashes
        size = min(RUN, len(hashes)) if short else RUN
        running = hashes[: max(len(hashes) - size + 1, 0)]
        for step in range(1, size):
            running = join_hashes(running, hashes[step : step + len(running)])
        runs.append(set(running.tolist()) if size else {0})
    return runs


def _owners(runs: Sequence[set[int]]) -> dict[int, list[int]]:
    owners: dict[int, list[int]] = {}
    for index, hashes in enumerate(runs):
        for value in hashes:
            owners.setdefault(value, []).append(index)
    return owners
