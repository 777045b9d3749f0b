import pytest

from callnexus.report.summary import WORRIES, verdict, worries

KEPT = {"gate": "fairness.a", "group": None, "figure": 0.9, "limit": 0.8, "passed": True, "waiver": None}
BROKEN = KEPT | {"figure": 0.5, "passed": False}
WAIVED = BROKEN | {"waiver": {"by": "Ann", "date": "2026-01-01", "reason": "Measured again."}}


def texts(document):
    return " ".join(worry.text for worry in worries(document))


@pytest.mark.parametrize(
    ("gates", "tone", "headline"),
    [
        (None, "none", "No limits on disparities were set."),
        ([], "none", "No limits on disparities were set."),
        ([KEPT, KEPT], "held", "All 2 limits are kept."),
        ([KEPT, WAIVED], "waived", "Limits not kept, but waived: 1 of 2."),
        ([KEPT, WAIVED, BROKEN], "broken", "Limits not kept: 1 of 3."),
    ],
)
def test_verdict_follows_the_limits(gates, tone, headline):
    found = verdict({} if gates is None else {"gates": gates})

    assert (found.tone, found.headline) == (tone, headline)


def test_limit_without_a_figure_is_not_kept():
    assert verdict({"gates": [BROKEN | {"figure": None}]}).tone == "broken"


def test_broken_limit_is_the_first_worry(rich):
    assert worries(rich)[0].text == "2 limits are not kept, and nobody waived them."
    assert len(worries(rich)) == WORRIES


def test_group_of_which_nobody_knows_the_misses_is_a_worry(document):
    assert "groups nobody knows how often a safety risk is missed" in texts(document)


def test_document_without_swaps_is_a_worry(document):
    assert "Nobody tried whether swapped names" in texts(document)


def test_swap_of_too_few_narratives_is_no_worry(document, rich):
    few = [row for row in rich["swaps"]["rows"] if row["flips"]["cases"] < document["fewest"]]
    many = [row for row in rich["swaps"]["rows"] if row["flips"]["cases"] >= document["fewest"]]

    assert "answered differently" not in texts(document | {"swaps": {"rows": few}})
    assert "male and female exchanged (sex and gender)" in texts(document | {"swaps": {"rows": many}})


def test_calls_left_to_the_dispatcher_are_a_worry_only_if_they_are_many(document):
    harms = document["harms"]
    place = harms["fields"].index("caught_by_review")
    parts = [
        part | {"rows": [[0 if i == place else value for i, value in enumerate(row)] for row in part["rows"]]}
        for part in harms["parts"]
    ]
    cases = harms["fields"].index("cases")
    left = [
        part | {"rows": [[row[cases] if i == place else value for i, value in enumerate(row)] for row in part["rows"]]}
        for part in harms["parts"]
    ]

    assert "left to the dispatcher" not in texts(document | {"harms": harms | {"parts": parts}})
    assert "left to the dispatcher" in texts(document | {"harms": harms | {"parts": left}})


def test_every_worry_leads_to_a_section_with_details(rich, document):
    sections = {worry.section for worry in [*worries(rich), *worries(document)]}

    assert sections <= {"gates", "harms", "unchecked", "swaps", "history", "calibration"}
