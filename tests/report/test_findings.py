import pytest
from tests.report.conftest import make_document

from callnexus.evaluation.tables import records
from callnexus.report.findings import error_disparities, first_findings, single_columns
from callnexus.report.wording import HARM


def changed(document, column, *, measure=None, **values):
    """Return the document with these values in every disparity of a column, or of one measure of it."""
    table = document["disparities"]
    places = {table["fields"].index(field): value for field, value in values.items()}
    parts = [
        part | {"rows": [[places.get(i, value) for i, value in enumerate(row)] for row in part["rows"]]}
        if part["key"][0] == column and measure in (None, part["key"][2])
        else part
        for part in table["parts"]
    ]
    return document | {"disparities": table | {"parts": parts}}


def test_only_misses_false_alarms_and_routing_harm_are_compared(document):
    found = error_disparities(document)

    assert {row["measure"] for row in found} == {"miss_rate", "false_alarm_rate", HARM}
    assert {row["column"] for row in found} <= set(single_columns(document))


def test_pairs_are_asked_for_apart(document):
    found = error_disparities(document, pairs=True)

    assert found
    assert not {row["column"] for row in found} & set(single_columns(document))


def test_disparity_beyond_chance_comes_first(document):
    certain = changed(document, "subject_sex", difference=0.01, low=0.001, p_holm=0.001)

    assert first_findings(certain)[0].column == "subject sex"
    assert first_findings(certain)[0].beyond


def test_then_the_lower_end_of_the_interval_decides(document):
    rows = [row for row in error_disparities(document) if row["difference"] > 0 and row["p_holm"] >= 0.05]

    assert [row["low"] for row in rows] == sorted((row["low"] for row in rows), reverse=True)


def test_each_group_is_named_once_and_only_where_it_fares_worse(document):
    found = first_findings(document, 100)

    assert len({(finding.column, finding.group) for finding in found}) == len(found)
    assert all(finding.disparity["difference"] > 0 for finding in found)


def test_finding_has_the_counts_that_its_rate_rests_on(document):
    harms = {(row["column"], row["group"], row["harm"]): row for row in records(document["harms"])}
    certain = changed(document, "district", measure=HARM, difference=0.01, low=0.005, p_holm=0.001)

    found = [finding for finding in first_findings(certain, 100) if not finding.measure]

    assert found
    for finding in found:
        row = harms[finding.disparity["column"], finding.disparity["group"], finding.disparity["outcome"]]
        assert (finding.rate["hits"], finding.rate["cases"]) == (row["hits"], row["cases"])
        assert finding.rest == pytest.approx(row["rate"] - finding.disparity["difference"])


def test_group_without_a_record_is_named_in_full():
    document = make_document(groups={"subject_sex": [*["female"] * 120, *[None] * 120]})

    assert {"female", "unknown (not recorded)"} >= {finding.group for finding in first_findings(document, 9)}
    assert any(finding.group == "unknown (not recorded)" for finding in first_findings(document, 9))


def test_document_without_groups_has_no_findings():
    assert first_findings(make_document(groups={})) == []
