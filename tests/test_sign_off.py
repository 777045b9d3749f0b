import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import callnexus
from callnexus import sign_off
from callnexus.errors import CallnexusError, GateError, ModelFolderError, NotApprovedError
from callnexus.model_folder import read, write
from callnexus.model_folder.verdict import to_bytes
from tests.old_models.freeze import first_parts, first_reports

PASSED = {"gate": "fairness.miss_rate_gap", "group": None, "figure": 0.04, "limit": 0.1, "passed": True, "waiver": None}
FAILED = PASSED | {"group": "language: Spanish", "figure": 0.3, "passed": False}
WAIVER = {"by": "A. Okoye", "date": "2026-03-01", "reason": "eleven cases, more are being labelled"}
TODAY = datetime.now(UTC).date()
OLD = Path(__file__).parent / "old_models" / "1" / "frozen-0.0.1"

Package = Callable[..., Path]


@pytest.fixture
def package(tmp_path: Path) -> Package:
    def made(gates: Any = (PASSED,), status: str = "candidate", place: str = "models") -> Path:
        notes = {} if gates is None else {"gates": gates if isinstance(gates, (str, dict)) else list(gates)}
        return write(tmp_path / place, replace(first_parts(), notes=notes, status=status), first_reports())

    return made


def test_an_approved_model_says_so_in_every_prediction(package: Package):
    folder = package()

    given = sign_off.approve(folder, by=" R. Diaz ", reason="gaps read")

    model = callnexus.load(folder, require_approval=True)
    assert model.status == "approved"
    assert [p.status for p in model.predict_many(["dog barking", ""])] == ["approved", "approved"]
    assert model.predict("dog barking").to_dict()["status"] == "approved"
    assert (given.by, given.date, given.expires) == ("R. Diaz", TODAY.isoformat(), None)
    assert given.model == model.manifest["digest"]
    assert given.report == model.manifest["files"]["fairness.json"]


def test_a_candidate_loads_but_not_where_approval_is_required(package: Package):
    folder = package()

    assert callnexus.load(folder).predict("dog barking").status == "candidate"
    with pytest.raises(NotApprovedError, match=r"candidate, not approved: no reviewer has recorded a verdict"):
        callnexus.load(folder, require_approval=True)


def test_a_rejected_model_says_so_and_an_approval_can_be_taken_back(package: Package):
    folder = package()
    sign_off.approve(folder, by="R. Diaz", reason="gaps read")

    sign_off.reject(folder, by="A. Okoye", reason="a gap was overlooked")

    assert callnexus.load(folder).status == "rejected"
    with pytest.raises(NotApprovedError, match=r"rejected by A\. Okoye"):
        callnexus.load(folder, require_approval=True)


@pytest.mark.parametrize(
    ("gates", "reason"),
    [
        (None, "were not run"),
        ((), "were not run"),
        ("passed", "were not run"),
        ((PASSED, FAILED), "miss_rate_gap for language: Spanish is 0.3, the limit is 0.1, and it is not waived"),
        ((FAILED | {"waiver": {}},), "not waived"),
        ((FAILED | {"waiver": WAIVER | {"reason": " "}},), "not waived"),
        ((FAILED | {"waiver": "yes"},), "not waived"),
        ((FAILED | {"passed": "true"},), "not waived"),
        ((PASSED, "passed"), "a gate that cannot be read"),
    ],
)
def test_approval_is_refused_while_a_gate_stands_against_it(package: Package, gates: Any, reason: str):
    folder = package(gates)

    with pytest.raises(GateError, match=reason):
        sign_off.approve(folder, by="R. Diaz", reason="gaps read")

    assert not (folder / "approval.json").exists()
    assert callnexus.load(folder).status == "candidate"


def test_a_failing_gate_that_is_waived_with_name_date_and_reason_is_no_hindrance(package: Package):
    folder = package((PASSED, FAILED | {"waiver": WAIVER}))

    given = sign_off.approve(folder, by="R. Diaz", reason="gaps read", accept_waivers=True)

    assert callnexus.load(folder).status == "approved"
    assert given.waived == 1
    assert json.loads((folder / "approval.json").read_text(encoding="utf-8"))["waived"] == 1


def test_waivers_that_are_not_accepted_are_listed_and_nothing_is_recorded(package: Package):
    folder = package((PASSED, FAILED | {"waiver": WAIVER}))

    with pytest.raises(
        GateError, match=r"(?s)--accept-waivers.*Spanish is 0\.3, the limit is 0\.1; waived by A\. Okoye"
    ):
        sign_off.approve(folder, by="R. Diaz", reason="gaps read")

    assert not (folder / "approval.json").exists()


def test_waived_gates_are_grouped_by_their_waiver(package: Package):
    other = WAIVER | {"reason": "measured on too few"}
    gates = [PASSED, *(FAILED | {"group": name, "waiver": WAIVER} for name in "ab"), FAILED | {"waiver": other}]

    found = sign_off.waivers_of(package(gates))

    assert [(w.reason, len(w.gates)) for w in found] == [(WAIVER["reason"], 2), ("measured on too few", 1)]


def test_a_rejection_accepts_no_waivers(package: Package):
    folder = package((FAILED | {"waiver": WAIVER},))

    given = sign_off.reject(folder, by="R. Diaz", reason="too many misses")

    assert given.waived is None
    assert "waived" not in json.loads((folder / "approval.json").read_text(encoding="utf-8"))


def test_a_demonstration_is_never_approved_but_can_be_rejected(package: Package):
    folder = package(status="demonstration")

    with pytest.raises(GateError, match="a demonstration is not approved"):
        sign_off.approve(folder, by="R. Diaz", reason="gaps read")

    assert callnexus.load(folder).status == "demonstration"
    sign_off.reject(folder, by="R. Diaz", reason="synthetic")
    assert callnexus.load(folder).status == "rejected"


def test_a_model_of_the_first_format_is_a_demonstration(tmp_path: Path):
    folder = shutil.copytree(OLD, tmp_path / OLD.name)

    with pytest.raises(GateError, match="a demonstration is not approved"):
        sign_off.approve(folder, by="R. Diaz", reason="gaps read")

    assert callnexus.load(folder).status == "demonstration"


def test_an_approval_of_another_model_does_not_count(package: Package):
    folder, other = package(place="one"), package((PASSED, PASSED), place="other")
    sign_off.approve(other, by="R. Diaz", reason="gaps read")
    shutil.copy(other / "approval.json", folder)

    assert callnexus.load(folder).status == "candidate"
    with pytest.raises(NotApprovedError, match="another model or another report"):
        callnexus.load(folder, require_approval=True)


def test_a_changed_model_needs_a_new_approval(package: Package, tmp_path: Path):
    folder = package()
    sign_off.approve(folder, by="R. Diaz", reason="gaps read")

    write(tmp_path / "models", replace(first_parts(), notes={"gates": [PASSED], "x": 1}), first_reports(), replace=True)

    assert callnexus.load(folder).status == "candidate"


def test_the_same_model_packaged_again_keeps_its_approval(package: Package):
    folder = package()
    sign_off.approve(folder, by="R. Diaz", reason="gaps read")

    assert package() == folder

    assert callnexus.load(folder).status == "approved"


def test_an_approval_expires(package: Package):
    folder = package()
    given = sign_off.approve(folder, by="R. Diaz", reason="gaps read", expires=TODAY.isoformat())
    assert callnexus.load(folder, require_approval=True).status == "approved"
    yesterday, before = ((TODAY - timedelta(days=days)).isoformat() for days in (1, 2))
    (folder / "approval.json").write_bytes(to_bytes(replace(given, date=before, expires=yesterday)))

    with pytest.raises(NotApprovedError, match=f"expired on {yesterday}"):
        callnexus.load(folder, require_approval=True)


@pytest.mark.parametrize(
    ("by", "reason", "expires"),
    [("", "read", None), ("R. Diaz", " \n", None), ("R. Diaz", "read", "2020-01-01"), ("R. Diaz", "read", "soon")],
)
def test_a_verdict_that_says_too_little_is_refused(package: Package, by: str, reason: str, expires: str | None):
    folder = package()

    with pytest.raises(ModelFolderError):
        sign_off.approve(folder, by=by, reason=reason, expires=expires)

    assert not (folder / "approval.json").exists()


def test_a_damaged_folder_is_not_approved(package: Package):
    folder = package()
    (folder / "fairness.json").write_text('{"gaps": "none"}', encoding="utf-8")

    with pytest.raises(ModelFolderError, match=r"fairness\.json: the content is not"):
        sign_off.approve(folder, by="R. Diaz", reason="gaps read")


def test_a_verdict_is_recorded_without_traces_and_the_folder_stays_intact(package: Package):
    folder = package()

    sign_off.approve(folder, by="R. Díaz", reason="gaps read")

    assert [name for name in os.listdir(folder.parent) if name.startswith(".")] == []
    assert json.loads((folder / "approval.json").read_text(encoding="utf-8"))["by"] == "R. Díaz"
    assert read(folder).version


def test_a_verdict_that_is_damaged_is_told_but_does_not_stop_dispatch(package: Package):
    folder = package()
    (folder / "approval.json").write_text("{", encoding="utf-8")

    assert callnexus.load(folder).status == "candidate"
    assert "approval.json does not count" in sign_off.standing(folder).because


def test_all_refusals_are_of_the_family():
    assert issubclass(NotApprovedError, CallnexusError)
    assert issubclass(GateError, CallnexusError)
