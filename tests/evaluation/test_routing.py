import numpy as np

from callnexus.evaluation.counts import groupings, whole
from callnexus.evaluation.routing import HARMS, Routing, harm_outcomes, harm_rows

NAN = np.nan


def routing(**given):
    """Return six examples: two harmed, one spared, one left to the dispatcher, and two with an open question."""
    need = np.array([0.0, 0, 0, 0, NAN, 0])
    sent = np.array([1.0, 1, 0, NAN, 1, NAN])
    review = np.array([0, 0, 0, 1, 0, 0], bool)
    parts = {"police_needed": need, "police_recommended": sent, "clinician_needed": need,
             "clinician_recommended": sent, "nexus": need, "review": review}  # fmt: skip
    return Routing(**parts | given)


def row_of(found, harm, column="all"):
    return next(row for row in harm_rows(found, whole(6) if column == "all" else column) if row.harm == harm)


def test_police_where_none_are_needed_are_over_policing_and_the_review_is_counted_apart():
    row = row_of(routing(), "over_policing")

    assert (row.cases, row.hits, row.caught_by_review, row.unknown) == (4, 2, 1, 2)
    assert row.rate is None


def test_no_police_where_they_are_needed_are_under_protection():
    needed = np.array([1.0, 1, 1, 1, NAN, 0])

    row = row_of(routing(police_needed=needed), "under_protection")

    assert (row.cases, row.hits, row.caught_by_review, row.unknown) == (4, 1, 1, 1)


def test_a_clinician_is_missed_where_needed_and_sent_without_nexus_where_there_is_none():
    needed = np.array([1.0, 0, 1, 1, 1, 0])
    found = routing(clinician_needed=needed, nexus=np.array([1.0, 0, 1, 1, 1, NAN]))

    missed, without = row_of(found, "clinician_missed"), row_of(found, "clinician_without_nexus")

    assert (missed.cases, missed.hits, missed.caught_by_review) == (4, 1, 1)
    assert (without.cases, without.hits, without.unknown) == (1, 1, 1)


def test_rates_by_group_have_intervals_where_cases_suffice():
    n = 60
    none, sent = np.zeros(n), (np.arange(n) % 4 == 0).astype(float)
    found = Routing(none, sent, none, sent, none, np.zeros(n, bool))
    (grouping,) = groupings({"group": ["large"] * 50 + ["small"] * 10})

    rows = {row.group: row for row in harm_rows(found, grouping) if row.harm == "over_policing"}

    assert rows["large"].rate == 13 / 50
    assert rows["large"].low < 13 / 50 < rows["large"].high
    assert (rows["small"].cases, rows["small"].hits) == (10, 2)
    assert rows["small"].rate is rows["small"].low is rows["small"].high is None


def test_harms_as_outcomes_hold_the_same_counts():
    found = routing()

    for outcome in harm_outcomes(found):
        row = row_of(found, outcome.name)
        assert int((outcome.truth == 1).sum()) == row.cases
        assert int(outcome.decided.sum()) == row.hits
    assert tuple(outcome.name for outcome in harm_outcomes(found)) == HARMS
