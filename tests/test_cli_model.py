import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from callnexus import cli
from callnexus.model_folder import write
from tests.old_models.freeze import first_parts, first_reports

GATE = {"gate": "fairness.miss_rate_gap", "group": None, "figure": 0.04, "limit": 0.1, "passed": True, "waiver": None}
BY = ("--by", "R. Diaz", "--reason", "gaps read")


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    return write(tmp_path, replace(first_parts(), notes={"gates": [GATE]}), first_reports())


def test_a_reviewer_approves_and_takes_it_back(candidate: Path, capsys: pytest.CaptureFixture[str]):
    folder = str(candidate)

    codes = [cli.run(["approve", folder, *BY, "--expires", "2999-12-31"]), cli.run(["status", folder])]
    codes += [cli.run(["reject", folder, *BY]), cli.run(["status", folder])]

    assert codes == [0, 0, 0, 0]
    told = capsys.readouterr().out
    assert "approved: approved by R. Diaz on" in told
    assert "rejected: rejected by R. Diaz on" in told
    assert json.loads((candidate / "approval.json").read_text(encoding="utf-8"))["expires"] is None


def test_a_failing_gate_exits_with_1_and_its_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    failing = GATE | {"passed": False, "figure": 0.31}
    folder = write(tmp_path, replace(first_parts(), notes={"gates": [failing]}), first_reports())

    assert cli.run(["approve", str(folder), *BY]) == 1

    assert "gate failed: " in (told := capsys.readouterr().err)
    assert "fairness.miss_rate_gap is 0.31, the limit is 0.1" in told


def test_waivers_are_listed_accepted_and_shown_by_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    waiver = {"by": "A. Okoye", "date": "2026-03-01", "reason": "eleven cases"}
    gates = [GATE, GATE | {"passed": False, "figure": 0.31, "waiver": waiver}]
    folder = str(write(tmp_path, replace(first_parts(), notes={"gates": gates}), first_reports()))

    codes = [cli.run(["approve", folder, *BY])]
    refused = capsys.readouterr().err
    codes += [cli.run(["approve", folder, *BY, "--accept-waivers", "--expires", "2999-12-31"])]
    codes += [cli.run(["status", folder])]

    told = capsys.readouterr().out
    assert codes == [1, 0, 0]
    assert "waived by A. Okoye on 2026-03-01: eleven cases" in refused
    assert "waived gates accepted: 1, waived by A. Okoye" in told
    assert "reason: gaps read\nholds until: 2999-12-31\n1 gate(s) waived by A. Okoye" in told
    assert "- fairness.miss_rate_gap is 0.31, the limit is 0.1" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "nowhere"],
        ["approve", "nowhere", *BY],
        ["approve", "nowhere", "--by", "x"],
        ["reject", "nowhere", *BY],
        ["approve", "nowhere", *BY, "--expires", "soon"],
    ],
)
def test_bad_input_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.skipif(not find_spec("model_signing"), reason="the extra is not installed: pip install 'callnexus[sign]'")
def test_a_model_is_signed_and_verified(candidate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from tests.test_signing import make_keys

    private, public = make_keys(tmp_path)

    codes = [cli.run(["verify", str(candidate), "--public-key", str(public)])]
    codes += [cli.run(["sign", str(candidate), "--key", str(private)])]
    codes += [cli.run(["verify", str(candidate), "--public-key", str(public)])]

    assert codes == [2, 0, 0]
    told = capsys.readouterr()
    assert "the model is not signed" in told.err
    assert "signature.sig" in told.out
    assert "intact, and signed with the private key" in told.out


@pytest.mark.skipif(bool(find_spec("model_signing")), reason="the extra is installed")
def test_without_the_extra_signing_says_what_to_install(candidate: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.run(["sign", str(candidate), "--key", "key.pem"]) == 2

    assert "pip install 'callnexus[sign]'" in capsys.readouterr().err
