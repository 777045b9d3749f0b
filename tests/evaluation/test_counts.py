import numpy as np
import pytest

from callnexus.evaluation.counts import SEPARATOR, UNKNOWN, Outcome, count, groupings, pairs_of, whole


def test_a_missing_value_is_a_group_of_its_own_and_not_recorded():
    (sex,) = groupings({"sex": ["male", None, float("nan"), "female"]})

    assert sex.groups == ("female", "male", UNKNOWN)
    assert sex.code.tolist() == [1, 2, 2, 0]
    assert sex.known.tolist() == [True, True, False]


def test_a_pair_holds_the_combinations_that_occur_and_is_recorded_where_both_parts_are():
    columns = groupings({"race": ["black", "white", "black"], "sex": ["female", None, "female"]})

    (pair,) = pairs_of(columns)

    assert pair.column == f"race{SEPARATOR}sex"
    assert pair.groups == (f"black{SEPARATOR}female", f"white{SEPARATOR}{UNKNOWN}")
    assert pair.code.tolist() == [0, 1, 0]
    assert pair.known.tolist() == [True, False]
    assert pair.is_pair


def test_cells_count_truth_by_answer_and_unknown_truth_apart():
    truth = np.array([0, 0, 0, 1, 1, 1, np.nan])
    decided = np.array([0, 1, 0, 0, 1, 0, 1], bool)
    review = np.array([0, 0, 1, 0, 0, 1, 0], bool)

    found = count(Outcome("label", truth, decided, review), whole(7))

    assert found.cells.tolist() == [[[1, 1, 1], [1, 1, 1]]]
    assert found.unknown.tolist() == [1]


def test_a_yes_that_is_also_left_to_a_person_is_refused():
    both = np.ones(2, bool)

    with pytest.raises(ValueError, match="label: an example cannot be"):
        Outcome("label", np.zeros(2), both, both)


def test_no_examples_at_all_have_columns_without_groups():
    columns = groupings({"race": [], "sex": []})

    assert [column.groups for column in (*columns, *pairs_of(columns))] == [(), (), ()]
