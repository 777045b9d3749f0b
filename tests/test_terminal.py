import io

import pytest
from rich.console import Console
from rich.table import Table

from callnexus import policy
from callnexus.terminal import corpus_tables, policy_table, prevalence_table, recheck_table, stepwise, verdict_lines

ROW = {"label": "mh_nexus", "side": "no", "promised": 0.05, "errors": 0, "cases": 0, "low": 0.0, "high": 1.0,
       "verdict": "label more", "threshold": None, "more_needed": 0}  # fmt: skip


def printed(table: Table, width: int = 80) -> str:
    out = Console(file=io.StringIO(), width=width)
    out.print(table)
    return out.file.getvalue()


def test_a_policy_fits_80_columns_with_equal_districts_together():
    told = printed(policy_table(policy.shipped()))

    lines = told.splitlines()
    assert sum("all day" in line for line in lines) == 2
    assert any("A1, A15, B2" in line for line in lines)
    assert any("elsewhere" in line for line in lines)
    assert sum("EMS with a clinician" in line for line in lines) == 4
    assert len(lines) < 30


def test_a_policy_without_districts_holds_everywhere_and_hours_are_told():
    text = policy.shipped_text("boston_pilot").partition("[units")[0]
    text += '[units.co_response]\nhours = ["08:00-20:00"]\nfallback = "standard"\n'

    told = printed(policy_table(policy.parse(text)))

    assert "everywhere" in told
    assert all(start in told for start in ("00:00", "08:00", "20:00"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "no cases"),
        ({"cases": 3, "errors": 2}, "too many errors for so few cases; label more"),
        ({"more_needed": 7}, "7 more such calls"),
        ({"verdict": "re-threshold", "threshold": 0.25}, "no below 0.2500"),
        ({"verdict": "retrain"}, "local training or adaptation"),
        ({"side": "yes"}, "false alarm (answered yes)"),
    ],
)
def test_a_recheck_says_what_it_takes(changes: dict[str, object], told: str):
    assert told in printed(recheck_table([ROW | changes]), width=200)


def test_only_verdicts_that_occur_are_explained():
    assert [line.partition(":")[0] for line in verdict_lines([ROW, ROW | {"verdict": "keep"}])] == [
        "keep",
        "label more",
    ]


def test_unsettled_labels_are_called_so():
    report = {"counts": [], "combinations": {"None/yes": 3}, "words": {"median": 20.5}, "agreement": [], "probes": []}

    told = "".join(printed(table) for table in corpus_tables(report))

    assert "unsettled" in told
    assert "20.5" in told
    assert "None" not in told


def test_a_prevalence_that_nothing_settles_is_not_known():
    told = printed(prevalence_table({"mh_nexus": 0.125, "safety_risk": float("nan")}))

    assert "12.5%" in told
    assert "not known" in told


def test_steps_are_numbered_away_from_a_terminal():
    out = Console(file=io.StringIO(), width=80)

    with stepwise(out, ("reading", "asking")) as show:
        show("reading")
        show("asking")

    assert "[1/2] reading\n" in out.file.getvalue()
    assert "[2/2] asking\n" in out.file.getvalue()
