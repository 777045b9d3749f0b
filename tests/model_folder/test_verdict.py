import json
from datetime import date

import pytest

from callnexus.errors import ModelFolderError
from callnexus.model_folder import verdict
from callnexus.model_folder.verdict import Verdict, standing

MODEL, REPORT = "a" * 64, "b" * 64
GOOD = {"verdict": "approved", "by": "R. Diaz", "reason": "read", "date": "2026-03-01", "expires": "2026-06-30",
        "model": MODEL, "report": REPORT}  # fmt: skip


def stands(content: bytes | None, given: str = "candidate", today: str = "2026-04-01") -> verdict.Standing:
    return standing(given, content, model=MODEL, report=REPORT, today=date.fromisoformat(today))


def written(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


def test_a_verdict_comes_back_as_it_was_written():
    found = Verdict(**GOOD)

    assert verdict.parse(verdict.to_bytes(found)) == found


def test_the_number_of_waived_gates_comes_back_and_may_be_lacking():
    found = Verdict(**GOOD, waived=2)

    assert verdict.parse(verdict.to_bytes(found)) == found
    assert verdict.parse(written()).waived is None
    assert stands(verdict.to_bytes(found)).verdict == found


@pytest.mark.parametrize("waived", [-1, True, "2", 1.0])
def test_a_number_of_waived_gates_that_is_none_does_not_count(waived: object):
    found = stands(written(waived=waived))

    assert (found.status, found.verdict) == ("candidate", None)
    assert "waived must be a whole number" in found.because


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_verdict_of_this_model_and_report_gives_the_status(decision: str):
    found = stands(written(verdict=decision))

    assert (found.status, found.because) == (decision, f"{decision} by R. Diaz on 2026-03-01")


@pytest.mark.parametrize(
    ("today", "status"),
    [("2026-06-30", "approved"), ("2026-07-01", "candidate"), ("2030-01-01", "candidate")],
)
def test_a_verdict_holds_to_the_end_of_its_last_day(today: str, status: str):
    assert stands(written(), today=today).status == status


def test_a_verdict_that_does_not_expire_holds_on():
    assert stands(written(expires=None), today="2099-01-01").status == "approved"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no reviewer has recorded a verdict"),
        (written(model="c" * 64), "another model or another report"),
        (written(report="c" * 64), "another model or another report"),
        (written(expires="2026-03-02"), "expired on 2026-03-02"),
        (written(verdict="maybe"), "verdict must be"),
        (written(by=" "), "by must say something"),
        (written(by=None), "by must say something"),
        (written(reason=7), "reason must say something"),
        (written(date="yesterday"), "YYYY-MM-DD"),
        (written(date="20260301"), "YYYY-MM-DD"),
        (written(date="2026-02-30"), "YYYY-MM-DD"),
        (written(date=None), "YYYY-MM-DD"),
        (written(expires="2026-01-01"), "cannot expire before"),
        (written(expires=5), "YYYY-MM-DD"),
        (written(model="x"), "model must be a SHA-256"),
        (written(model=None), "model must be a SHA-256"),
        (written(more=1), "exactly these keys"),
        (b"{}", "exactly these keys"),
        (b"[]", "not JSON of a verdict"),
        (b"\xff", "not JSON of a verdict"),
        (written()[:-1] + b', "by": "R. Diaz"}', "twice"),
    ],
)
def test_a_verdict_that_does_not_count_leaves_the_status_and_says_why(content: bytes | None, reason: str):
    found = stands(content)

    assert found.status == "candidate"
    assert reason in found.because


def test_a_demonstration_stays_one_even_with_an_approval_but_can_be_rejected():
    assert stands(None, "demonstration").status == "demonstration"
    assert stands(written(), "demonstration").status == "demonstration"
    assert stands(written(verdict="rejected"), "demonstration").status == "rejected"


def test_a_day_is_written_in_one_way_only():
    assert verdict.to_day("2026-12-31") == date(2026, 12, 31)
    with pytest.raises(ModelFolderError, match="YYYY-MM-DD"):
        verdict.to_day("2026-W01-5")
