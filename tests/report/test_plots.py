import re
import warnings
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from callnexus.report.plots import LARGEST, axis_limit, rate_plot, reliability_plot
from callnexus.report.wording import NOT_ENOUGH, rate_text

SVG = "{http://www.w3.org/2000/svg}"


def rows_of(document, column, outcome="mh_nexus"):
    return [row for row in document["rows"] if (row["column"], row["outcome"]) == (column, outcome)]


def plot_of(document, column="subject_sex", name="p"):
    overall = rows_of(document, "all")[0]
    return rate_plot(name, "Miss rate", rows_of(document, column), "miss_rate", overall=overall, limit=0.5)


def words_of(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_plot_has_a_title_and_says_its_numbers(document):
    root = ElementTree.fromstring(plot_of(document))
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "Miss rate"
    for row in rows_of(document, "subject_sex"):
        assert f"{row['group']}: {rate_text(row['miss_rate'])}." in desc.text


def test_ids_of_two_plots_never_collide(document):
    ids = [
        {element.get("id") for element in ElementTree.fromstring(svg).iter()} - {None}
        for svg in (plot_of(document, name="one"), plot_of(document, name="two"))
    ]

    assert ids[0]
    assert not ids[0] & ids[1]
    assert all(key.startswith("one-") for key in ids[0])


def test_plot_points_only_to_its_own_ids(document):
    root = ElementTree.fromstring(plot_of(document))
    ids = {element.get("id") for element in root.iter()}

    assert {element.get("href").removeprefix("#") for element in root.iter(f"{SVG}use")} <= ids


def test_plot_is_the_same_each_time_and_whatever_the_users_settings(document):
    first = plot_of(document)

    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True}):
        second = plot_of(document)

    assert first == second
    assert "<!--" not in first
    assert "metadata" not in first


def test_users_settings_are_left_as_they_were(document):
    before = dict(mpl.rcParams)

    plot_of(document)

    assert dict(mpl.rcParams) == before


def test_colours_are_left_to_the_page(document):
    svg = plot_of(document)

    assert "var(--mark" in svg
    assert not re.search(r"#0\d", svg)


def test_group_with_not_enough_cases_is_said_and_has_no_dot(document):
    overall = rows_of(document, "all")[0]
    some = [row for row in rows_of(document, "district") if row["group"] in {"B2", "D3"}]

    svg = rate_plot("p", "t", some, "miss_rate", overall=overall, limit=0.5)

    assert f" {NOT_ENOUGH}" in words_of(svg)
    assert svg.count("<use") == 1


def test_column_without_any_rate_has_no_plot(document):
    tiny = [row for row in rows_of(document, "district") if row["group"].startswith("D")]

    assert rate_plot("p", "t", tiny, "miss_rate", overall=None, limit=1.0) == ""
    assert reliability_plot("p", "t", [], fewest=20) == ""


def test_only_the_largest_groups_are_drawn(document):
    rows = rows_of(document, "district")

    words = words_of(plot_of(document, "district"))

    assert len(rows) > LARGEST
    assert len({row["group"] for row in rows} & set(words)) == LARGEST
    assert {"B2", "C6"} <= set(words)


def test_names_are_drawn_as_they_are(malicious):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = plot_of(malicious, "<b>column")

    assert "<script" not in svg
    assert "<img" not in svg
    assert any(word.startswith("<script>alert") for word in words_of(svg))
    assert any(word.startswith("$x^2$ |") for word in words_of(svg))


def test_long_name_is_cut_in_the_plot(document):
    row = rows_of(document, "subject_sex")[0] | {"group": "a" * 300}

    words = words_of(rate_plot("p", "t", [row], "miss_rate", overall=None, limit=0.5))

    assert max(map(len, words)) < 30


def test_reliability_says_every_bin_and_draws_small_ones_hollow(document):
    bins = document["reliability"]["mh_nexus"]

    full = reliability_plot("p", "t", bins, fewest=1)
    hollow = reliability_plot("p", "t", bins, fewest=1000)

    assert full.count(" examples.") == len(bins)
    assert "fill:var(--panel)" in hollow
    assert "fill:var(--panel)" not in full


@pytest.mark.parametrize(("high", "limit"), [(0.1, 0.25), (0.25, 0.25), (0.26, 0.5), (0.76, 1.0), (1.0, 1.0)])
def test_axis_ends_at_the_next_quarter(high, limit):
    assert axis_limit([{"miss_rate": {"value": 0.0, "low": 0.0, "high": high}}], ["miss_rate"]) == limit


def test_axis_without_rates_is_whole():
    assert axis_limit([{"miss_rate": None}], ["miss_rate"]) == 1.0
