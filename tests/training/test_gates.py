import datetime

import pytest

from callnexus.errors import ExperimentError, GateError
from callnexus.evaluation.behaviour import behaviour_rows, shipped_cases
from callnexus.model import Model
from callnexus.training.experiment import Waiver
from callnexus.training.gates import Gate, behaviour_gates, require, waived

FAILING = Gate("behaviour.typos", None, 0.5, 0.8, passed=False)
PASSING = Gate("behaviour.replica", None, 0.9, 0.8, passed=True)


def waiver(*gates: str) -> Waiver:
    return Waiver(
        gates=list(gates), by="A. Reviewer", date=datetime.date(2026, 1, 2), reason="Known, and being worked on."
    )


def test_a_failing_gate_stops_packaging_with_its_figure_and_limit():
    with pytest.raises(GateError, match=r"behaviour\.typos: 0\.500, limit 0\.800"):
        require([PASSING, FAILING])


def test_a_gate_without_enough_cases_is_no_pass():
    with pytest.raises(GateError, match=r"miss gap \(sex: x\): not enough cases"):
        require([Gate("miss gap", "sex: x", None, 0.1, passed=False)])


def test_a_waived_gate_lets_packaging_go_on_and_says_who_when_and_why():
    found = waived([FAILING, PASSING], [waiver("behaviour.typos")])

    require(found)
    assert found[0].to_dict()["waiver"] == {
        "by": "A. Reviewer",
        "date": "2026-01-02",
        "reason": "Known, and being worked on.",
    }
    assert found[1].waiver is None


def test_a_waiver_of_a_gate_that_passes_leaves_no_trace():
    assert waived([PASSING], [waiver("behaviour.replica")]) == [PASSING]


def test_a_waiver_of_an_unknown_gate_is_refused():
    with pytest.raises(ExperimentError, match=r"no gate named 'behaviour\.typo'"):
        waived([FAILING], [waiver("behaviour.typo")])


def test_every_capability_is_a_gate(model: Model):
    rows = behaviour_rows(shipped_cases(), model.predict_many)

    gates = behaviour_gates(rows)

    assert len(gates) >= 40
    assert {gate.passed for gate in gates} == {row.ok for row in rows}
