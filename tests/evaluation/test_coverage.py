import numpy as np
import pytest

from callnexus.evaluation.coverage import BOTH, coverage_rows

NAN = np.nan
LABELS = ("mh_nexus", "safety_risk")


def rows_by_key(truth, yes, no, columns) -> dict:
    rows = coverage_rows(np.array(truth), np.array(yes, bool), np.array(no, bool), LABELS, columns)
    return {(row.column, row.part, row.label): row for row in rows}


def test_an_unsure_answer_is_neither_clear_nor_wrong():
    rows = rows_by_key([[1, 0], [1, 0], [0, 1]], [[1, 0], [0, 0], [1, 1]], [[0, 1], [0, 1], [0, 0]], {})

    nexus = rows["all", "all", "mh_nexus"]
    assert (nexus.coverage.hits, nexus.coverage.cases, nexus.error.hits, nexus.error.cases) == (2, 3, 1, 2)


def test_both_counts_a_pair_as_wrong_if_either_answer_is():
    rows = rows_by_key([[1, 0], [1, 0], [0, 1]], [[1, 0], [0, 0], [1, 1]], [[0, 1], [1, 1], [0, 0]], {})

    pair = rows["all", "all", BOTH]
    assert (pair.coverage.hits, pair.coverage.cases, pair.error.hits, pair.error.cases) == (3, 3, 2, 3)


def test_an_example_whose_truth_is_unknown_is_in_no_rate():
    rows = rows_by_key([[NAN, 0]], [[1, 0]], [[0, 1]], {})

    assert rows["all", "all", "mh_nexus"].coverage.value is None
    assert rows["all", "all", "safety_risk"].coverage.value == 1.0
    assert rows["all", "all", BOTH].coverage.cases == 0


def test_parts_are_counted_apart_and_a_missing_value_is_the_part_unknown():
    columns = {"register": ["notes", "dispatch", None]}

    rows = rows_by_key([[1, 1]] * 3, [[1, 1], [0, 0], [0, 0]], [[0, 0], [1, 1], [0, 0]], columns)

    assert rows["register", "notes", BOTH].error.value == 0.0
    assert rows["register", "dispatch", BOTH].error.value == 1.0
    assert rows["register", "unknown", BOTH].coverage.value == pytest.approx(0.0)
    assert rows["register", "unknown", BOTH].error.value is None
