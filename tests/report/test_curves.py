from xml.etree import ElementTree

import pytest

from callnexus.evaluation.tables import records
from callnexus.report.curves import PANELS, calibration_plot, gap_plot

SVG = "{http://www.w3.org/2000/svg}"


def words_of(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def told(svg):
    return ElementTree.fromstring(svg).find(f"{SVG}desc").text


@pytest.fixture(scope="module")
def part(document):
    return next(part for part in document["sweep"]["parts"] if part["column"] == "subject_sex")


def test_gap_plot_says_the_gap_at_the_operating_point_and_marks_it(document, part):
    swept = document["sweep"]
    operating = swept["operating"]["mh_nexus"]

    svg = gap_plot("p", "Gap", part, swept["log_odds"], operating=operating, limit=0.5)

    assert f"Gap in misses: {100 * part['miss_gap'][-1]:.1f} points at the operating point" in told(svg)
    assert "operating point" in words_of(svg)
    assert svg.count("<use") == 2


def test_gap_plot_without_a_known_threshold_marks_none(document, part):
    curves = {key: part[key][:-1] for key in ("miss_gap", "false_alarm_gap")}

    svg = gap_plot("p", "Gap", part | curves, document["sweep"]["log_odds"], operating=None, limit=0.5)

    assert "operating point" not in told(svg)
    assert "<use" not in svg


def test_gap_that_cannot_be_compared_is_said(document, part):
    log_odds = document["sweep"]["log_odds"]

    half = gap_plot("p", "Gap", part | {"miss_gap": None}, log_odds, operating=None, limit=0.5)

    assert "Gap in misses: not enough cases." in told(half)
    assert gap_plot("p", "t", {"miss_gap": None, "false_alarm_gap": None}, log_odds, operating=None, limit=1.0) == ""


def test_calibration_has_a_panel_for_each_group_and_says_its_bins(document):
    rows = [row for row in records(document["calibration"]) if row["label"] == "mh_nexus"]
    curves = [(row["group"], row["curve"]) for row in rows if row["column"] == "subject_sex"]

    svg = calibration_plot("p", "Calibration", curves)

    assert len(curves) == 2
    for group, points in curves:
        assert group in words_of(svg)
        assert f"{group}: {100 * points[0][0]:.0f} % given, {100 * points[0][1]:.0f} % true" in told(svg)
    assert svg.count("<use") == sum(len(points) for _, points in curves)


def test_only_the_largest_groups_have_a_panel():
    curves = [(f"g{i}", [(0.2, 0.1, 20 + i), (0.8, 0.9, 20)]) for i in range(PANELS + 2)]

    words = words_of(calibration_plot("p", "Calibration", curves))

    assert {f"g{i}" for i in range(2, PANELS + 2)} <= set(words)
    assert not {"g0", "g1"} & set(words)


def test_malicious_group_is_drawn_as_text():
    svg = calibration_plot("p", "t", [("<b>$x^2$", [(0.2, 0.1, 20)])])

    assert "<b>" not in svg
    assert "<b>$x^2$" in words_of(svg)
