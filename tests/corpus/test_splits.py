from itertools import combinations

import numpy as np
import pytest

from callnexus.corpus.examples import Example
from callnexus.corpus.splits import leaks, near_identical, shared_runs, split_by_batch, split_by_date, split_by_name
from callnexus.errors import ExamplesError

LONG = "caller reports two men arguing over a parking space behind the bakery"


def example(number: int, narrative: str, **fields: str | None) -> Example:
    row = {"id": str(number), "narrative": narrative, "mh_nexus": "yes" if number % 2 else "no", "safety_risk": "no"}
    return Example.model_validate(row | {"batch": f"b{number // 4}", "register": "notes"} | fields)


def test_no_batch_is_in_two_splits_and_nothing_is_lost():
    examples = [example(n, f"{n} unlike {n * 7} any other {n * 13}") for n in range(40)]

    splits = split_by_batch(examples, folds=5, seed=1)

    homes = [{examples[i].batch for i in indices} for indices in splits.named().values()]
    for one, other in combinations(homes, 2):
        assert not one & other
    assert np.array_equal(np.sort(np.concatenate(list(splits.named().values()))), np.arange(40))


def test_too_few_batches_are_refused():
    with pytest.raises(ExamplesError, match="2 batches cannot be split into 5 folds"):
        split_by_batch([example(n, f"text {n}") for n in range(8)], folds=5, seed=1)


def test_a_near_identical_narrative_in_another_split_is_an_error():
    examples = [
        example(0, LONG),
        example(4, LONG.upper() + "!"),
        example(8, "something else entirely here, a lost dog"),
    ]

    problems = leaks(examples, {"training": np.array([0, 2]), "test": np.array([1])})

    assert len(problems) == 1
    assert "id 0 (training) and id 4 (test): near-identical narratives (100%" in problems[0]
    assert "bakery" not in problems[0]


def test_a_group_in_two_splits_is_an_error():
    examples = [example(0, LONG, group_id="g"), example(4, "quite another story", group_id="g")]

    problems = leaks(examples, {"training": np.array([0]), "test": np.array([1])})

    assert problems == ["group g: stands in test and training"]


def test_short_narratives_are_near_identical_only_if_they_say_the_same():
    assert near_identical(["Dog barking.", "dog barking", "cat barking"]) == [(0, 1, 1.0)]


def test_a_run_of_six_words_is_found_between_groups_and_allowed_within_one():
    texts = [LONG, f"today {LONG.split(' ', 4)[0]} reports two men arguing over a parking meter", LONG]
    examples = [example(0, texts[0], group_id="g"), example(1, texts[1]), example(2, texts[2], group_id="g")]

    assert shared_runs(examples) == [("0", "1"), ("1", "2")]


def test_a_split_by_date_tests_on_the_latest():
    examples = [example(n, f"{n} unlike {n * 7} other {n * 13}", date=f"2020-01-{28 - n:02d}") for n in range(20)]

    splits = split_by_date(examples, folds=5)

    days = {name: [examples[i].date for i in indices] for name, indices in splits.named().items()}
    assert max(days["training"]) < min(days["calibration"]) <= max(days["calibration"]) < min(days["test"])
    assert sum(map(len, days.values())) == 20


def test_an_example_without_a_date_cannot_be_split_by_date():
    with pytest.raises(ExamplesError, match="id 4: date: needed to split by date"):
        split_by_date([example(0, "one", date="2020-01-01"), example(4, "two")], folds=2)


def test_named_batches_stay_where_they_are_named():
    examples = [example(n, f"text number {n} about {n}", batch=f"b{n % 4}") for n in range(12)]

    splits = split_by_name(examples, test_batches=["b1"], calibration_batches=["b3"])

    assert {examples[i].batch for i in splits.test} == {"b1"}
    assert {examples[i].batch for i in splits.calibration} == {"b3"}
    assert {examples[i].batch for i in splits.training} == {"b0", "b2"}


@pytest.mark.parametrize(
    ("test", "calibration", "reason"),
    [
        (["b9"], ["b1"], "batch b9: no example has it"),
        (["b1"], ["b1", "b2"], "batch b1: named for both"),
        (["b0", "b1"], ["b2", "b3"], "no batch is left"),
    ],
)
def test_named_batches_that_make_no_split_are_refused(test: list, calibration: list, reason: str):
    examples = [example(n, f"text number {n} about {n}", batch=f"b{n % 4}") for n in range(12)]

    with pytest.raises(ExamplesError, match=reason):
        split_by_name(examples, test_batches=test, calibration_batches=calibration)
