import pytest

from callnexus.report.wording import beyond_chance, difference_text, points_text, ratio_text, signed_text


@pytest.mark.parametrize(("value", "text"), [(0.0521, "+5.2"), (-0.01, "\u22121.0"), (0.0004, "0.0"), (-0.0004, "0.0")])
def test_points_have_a_sign_unless_they_are_zero(value, text):
    assert points_text(value) == text


def test_difference_without_enough_cases_is_no_number():
    assert difference_text({"difference": None, "low": None, "high": None}) == "not enough cases"


@pytest.mark.parametrize(
    ("ends", "text"),
    [((0.9, 2.13), "1.4 times (0.9\u20132.1)"), ((0.9, None), "1.4 times (0.9 or more)"), ((None, None), "1.4 times")],
)
def test_ratio_says_which_ends_it_has(ends, text):
    assert ratio_text({"ratio": 1.41, "ratio_low": ends[0], "ratio_high": ends[1]}) == text


@pytest.mark.parametrize(("p", "beyond"), [(None, False), (0.05, False), (0.049, True)])
def test_beyond_chance_needs_a_corrected_p_below_the_limit(p, beyond):
    assert beyond_chance({"p_holm": p}) is beyond


def test_change_has_a_minus_sign():
    assert signed_text(-0.1) == "\u22120.100"
