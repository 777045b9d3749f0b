import datetime
from typing import Any

import numpy as np
import pytest

from callnexus.errors import ExperimentError, GateError
from callnexus.evaluation.behaviour import behaviour_rows, shipped_cases
from callnexus.evaluation.fairness import fairness_document
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.routing import Routing
from callnexus.labels import LABEL_NAMES
from callnexus.model import Model
from callnexus.training.experiment import Experiment, FairnessSection, GatesSection, Waiver
from callnexus.training.gates import Gate, behaviour_gates, fairness_gates, hold, require, waived

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


def document(*, a: int = 200, b: int = 200, missed: float = 0.0, police: float = 0.1) -> dict[str, Any]:
    """Return a document of two sexes, of which the first is missed, and sent police, at these rates.

    Of each group half the examples are true for both labels. Of the second, a tenth is missed and is sent police.
    """
    n = a + b
    place = np.concatenate([np.arange(a), np.arange(b)])
    size = np.repeat([a, b], [a, b])
    truth = (place % 2).astype(float)
    # The first examples of a group are the wrong ones; half of them are true.
    wrong, sent = (place < np.repeat([rate, 0.1], [a, b]) * size for rate in (missed, police))
    said = np.where((truth == 1) & ~wrong, "yes", "no").astype(object)
    nothing = np.full(n, np.nan)
    judged = Judged(
        ids=list(map(str, range(n))),
        truth=np.column_stack([truth, truth]),
        probability=None,
        decisions=dict.fromkeys(LABEL_NAMES, said),
        responses=np.full(n, "standard", object),
        needed=[None] * n,
        reported=["standard"],
        routing=Routing(truth, sent.astype(float), nothing, nothing, nothing, np.zeros(n, bool)),
        groups={"subject_sex": ["a"] * a + ["b"] * b, "district": [None] * n},
        thresholds=dict.fromkeys(LABEL_NAMES),
        dates=[None] * n,
    )
    return fairness_document(judged, model="m", data="d") | {"gates": []}


def limits(**given: Any) -> FairnessSection:
    return FairnessSection(**{"groups": ["subject_sex"]} | given)


def by_name(gates: list[Gate]) -> dict[tuple[str, str | None], Gate]:
    return {(gate.gate, gate.group): gate for gate in gates}


def test_a_limit_that_is_not_given_limits_nothing():
    assert fairness_gates(document(missed=0.9), limits()) == []


def test_a_gap_above_its_limit_fails_for_both_groups_either_way():
    gates = by_name(fairness_gates(document(missed=0.4), limits(largest_miss_gap=0.2)))

    assert set(gates) == {(f"fairness.miss_gap.{name}", f"subject_sex: {sex}") for name in LABEL_NAMES for sex in "ab"}
    gate = gates["fairness.miss_gap.safety_risk", "subject_sex: a"]
    assert (gate.figure, gate.limit, gate.passed) == (pytest.approx(0.3), 0.2, False)
    assert not gates["fairness.miss_gap.safety_risk", "subject_sex: b"].passed


def test_a_gap_at_its_limit_passes():
    gates = fairness_gates(document(missed=0.4), limits(largest_miss_gap=0.3, largest_false_alarm_gap=0.01))

    assert len(gates) == 8
    assert all(gate.passed for gate in gates)


def test_over_policing_is_held_to_a_ratio_one_way():
    gates = by_name(fairness_gates(document(police=0.3), limits(over_policing_ratio=2)))

    more, less = (gates["fairness.over_policing_ratio", f"subject_sex: {sex}"] for sex in "ab")
    assert (more.figure, more.passed) == (pytest.approx(3), False)
    assert (less.figure, less.passed) == (pytest.approx(1 / 3), True)


def test_over_policing_against_a_rest_without_any_is_finite_and_fails():
    harmed = document(police=0.0)

    other = by_name(fairness_gates(harmed, limits(over_policing_ratio=2)))[
        "fairness.over_policing_ratio", "subject_sex: b"
    ]

    # Ten of a hundred, against half a one of a hundred.
    assert (other.figure, other.passed) == (pytest.approx(20), False)


def test_a_large_group_without_enough_cases_fails_and_a_small_one_is_not_held():
    section = limits(largest_miss_gap=0.2)

    large = fairness_gates(document(b=30), section)
    small = fairness_gates(document(a=2000, b=30), section)

    assert {(gate.group, gate.figure, gate.passed) for gate in large} == {
        ("subject_sex: a", None, False),
        ("subject_sex: b", None, False),
    }
    # The large group cannot be compared with so small a rest, and is no pass.
    assert {gate.group for gate in small} == {"subject_sex: a"}
    with pytest.raises(GateError, match=r"fairness\.miss_gap\.mh_nexus \(subject_sex: a\): not enough cases"):
        require(small)


def test_fewest_cases_can_be_raised():
    gates = fairness_gates(document(), limits(largest_miss_gap=0.2, fewest=101))

    assert {gate.figure for gate in gates} == {None}


@pytest.mark.parametrize("column", ["district", "register"])
def test_a_column_that_is_not_recorded_or_not_there_is_no_pass(column: str):
    gates = fairness_gates(document(), limits(largest_miss_gap=0.2, groups=[column]))

    assert [(gate.group, gate.figure, gate.passed) for gate in gates] == [(column, None, False)] * 2


def swaps(**flips: tuple[int, int]) -> dict[str, Any]:
    rows = [
        {"kind": kind, "label": label, "flips": {"hits": hits, "cases": cases}}
        for kind, (hits, cases) in flips.items()
        for label in LABEL_NAMES
        for _ in range(2)
    ]
    return {"rows": rows}


def test_flips_are_pooled_by_kind_and_too_few_are_no_pass():
    section = limits(flip_rate=0.05, swaps=["race", "sex", "name", "age"])
    swapped = document() | {"swaps": swaps(race=(1, 15), sex=(0, 100), name=(0, 5))}

    gates = by_name(fairness_gates(swapped, section))

    found = {kind: gates["fairness.flip_rate.mh_nexus", f"swap: {kind}"] for kind in section.swaps}
    assert (found["race"].figure, found["race"].passed) == (pytest.approx(2 / 30), False)
    assert (found["sex"].figure, found["sex"].passed) == (0, True)
    assert [(found[kind].figure, found[kind].passed) for kind in ("name", "age")] == [(None, False)] * 2


def test_without_swaps_a_flip_limit_is_no_pass():
    gates = fairness_gates(document(), limits(flip_rate=0.05, swaps=["race"]))

    assert [(gate.figure, gate.passed) for gate in gates] == [(None, False)] * 2


def test_a_waiver_may_name_one_group_or_all():
    gates = fairness_gates(document(missed=0.4), limits(largest_miss_gap=0.2))

    found = by_name(
        waived(gates, [waiver("fairness.miss_gap.mh_nexus"), waiver("fairness.miss_gap.safety_risk[subject_sex: a]")])
    )

    unwaived = [key for key, gate in found.items() if gate.waiver is None]
    assert unwaived == [("fairness.miss_gap.safety_risk", "subject_sex: b")]


def test_a_waiver_of_an_unknown_group_is_refused():
    gates = fairness_gates(document(missed=0.4), limits(largest_miss_gap=0.2))

    with pytest.raises(ExperimentError, match="no gate named"):
        waived(gates, [waiver("fairness.miss_gap.mh_nexus[subject_sex: c]")])


def test_a_report_is_held_to_limits_and_keeps_the_behaviour_gates(experiment: Experiment):
    held = document(missed=0.4)
    recorded = Gate("fairness.miss_gap.mh_nexus", "subject_sex: old", 0.1, 0.2, passed=True)
    held["gates"] = [PASSING.to_dict(), recorded.to_dict()]
    waivers = GatesSection(waivers=[waiver("fairness.miss_gap.mh_nexus", "behaviour.another")])
    strict = experiment.model_copy(update={"fairness": limits(largest_miss_gap=0.2), "gates": waivers})

    gates = hold(held, strict)

    assert held["gates"] == [PASSING.to_dict(), *(gate.to_dict() for gate in gates)]
    with pytest.raises(GateError, match=r"^it is written, and these gates fail.*\n- fairness\.miss_gap\.safety"):
        require(gates, otherwise="it is written, and")


def test_an_experiment_without_limits_holds_no_report(experiment: Experiment):
    with pytest.raises(ExperimentError, match="sets no limit"):
        hold(document(), experiment)
