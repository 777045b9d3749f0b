from tests.report.conftest import make_document

from callnexus.evaluation.counts import SEPARATOR
from callnexus.evaluation.tables import records
from callnexus.report.unchecked import missing_parts, pair_counts, unchecked_columns


def test_every_combination_is_counted_checked_or_not(document):
    counted = {count.columns: count for count in pair_counts(document)}
    rows = [*records(document["pairs"]), *records(document["few"])]

    assert len(counted) == 3
    groups = {row["group"] for row in rows if row["column"] == f"subject_sex{SEPARATOR}district"}
    assert counted[f"subject sex{SEPARATOR}district"].groups == len(groups)


def test_combination_counts_as_checked_by_its_own_rate(document):
    (count,) = [count for count in pair_counts(document) if count.columns == f"subject sex{SEPARATOR}caller language"]
    rows = [row for row in records(document["pairs"]) if row["column"] == f"subject_sex{SEPARATOR}caller_language"]
    misses = sum(row["outcome"] == "mh_nexus" and row["miss_rate"] is not None for row in rows)

    assert misses
    assert count.labels[0][:2] == ("mental health nexus", misses)


def test_what_a_document_lacks_is_named(document, rich):
    assert {title for title, _ in missing_parts(document)} == {
        "Limits",
        "Status",
        "Identity swaps",
        "Coverage",
        "Change over time",
        "Comparison with another version",
        "Who labelled",
    }
    assert missing_parts(rich) == []


def test_document_without_groups_cannot_check_calibration_or_thresholds_by_group():
    titles = {title for title, _ in missing_parts(make_document(groups={}))}

    assert {"Calibration by group", "Other thresholds"} <= titles


def test_outcomes_that_miss_the_same_rates_share_a_line(document):
    columns = {column.column: column for column in unchecked_columns(document)}
    tiny = next(group for group in columns["district"].groups if group.group == "D3")

    assert tiny.outcomes == [("every outcome", "every rate")]
