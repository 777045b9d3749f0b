import pytest

from callnexus.report.swapped import swapped_kinds


def test_swaps_of_a_kind_are_pooled_by_label(rich):
    row = rich["swaps"]["rows"][0]
    other = row | {"from_group": "male", "to_group": "neutral", "mean_absolute_shift": 0.5, "worst_shift": 1.2}
    document = {"swaps": {"rows": [row, other | {"flips": row["flips"] | {"cases": 10, "hits": 1, "value": 0.1}}]}}

    (kind,) = swapped_kinds(document)

    assert kind.title == "sex and gender"
    assert (kind.pooled[0].swaps, kind.pooled[0].flips, kind.pooled[0].worst) == (40, 3, 1.2)
    assert kind.pooled[0].shift == pytest.approx((30 * 0.2 + 10 * 0.5) / 40)
    assert [found["to_group"] for found in kind.rows] == ["neutral", "exchanged"]


@pytest.mark.parametrize("document", [{}, {"swaps": None}, {"swaps": {"swaps": 0, "flips": 0, "rows": []}}])
def test_no_swaps_no_kinds(document):
    assert swapped_kinds(document) == []
