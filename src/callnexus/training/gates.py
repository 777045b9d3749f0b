"""Limits fixed before results are seen: what fails and is not waived is not packaged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from callnexus.errors import ExperimentError, GateError
from callnexus.evaluation.behaviour import BehaviourRow
from callnexus.evaluation.counts import UNKNOWN
from callnexus.evaluation.tables import records
from callnexus.labels import LABEL_NAMES
from callnexus.training.experiment import Experiment, FairnessSection, Waiver

FAIRNESS = "fairness."
"""What the names of all fairness gates begin with."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One limit and the figure measured against it.

    Attributes:
        gate: Its name, such as "behaviour.negated_weapon".
        group: The group it was measured on, such as "subject_sex: female" or "swap: age"; a column alone where none of
            its groups has enough cases; None for all examples.
        figure: What was measured; None where there were not enough cases, which is no pass.
        limit: What was allowed.
        passed: Whether the limit holds.
        waiver: Who let a failing gate pass, when and why; None where nobody did.
    """

    gate: str
    group: str | None
    figure: float | None
    limit: float
    passed: bool
    waiver: Mapping[str, str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def behaviour_gates(rows: Iterable[BehaviourRow]) -> list[Gate]:
    """Return one gate per capability: the share of its cases that must pass."""
    return [Gate(f"behaviour.{row.capability}", None, row.rate.value, row.required, row.ok) for row in rows]


def fairness_gates(document: Mapping[str, Any], limits: FairnessSection) -> list[Gate]:
    """Return one gate per limit, label and group that is large enough to be checked, or too large not to be.

    Args:
        document: The fairness document, with the columns of `limits.groups`, and with identity swaps if these are
            limited: a swap that was not made is not enough cases.
        limits: What is allowed; see `FairnessSection`.
    """
    gates: list[Gate] = []
    for label in LABEL_NAMES:
        if (limit := limits.largest_miss_gap) is not None:
            gaps = _gaps(document, label, "miss_rate", "positives")
            gates += _held(f"{FAIRNESS}miss_gap.{label}", gaps, limit, limits)
        if (limit := limits.largest_false_alarm_gap) is not None:
            gaps = _gaps(document, label, "false_alarm_rate", "negatives")
            gates += _held(f"{FAIRNESS}false_alarm_gap.{label}", gaps, limit, limits)
        if (limit := limits.flip_rate) is not None:
            gates += _flips(document, label, limit, limits)
    if (limit := limits.over_policing_ratio) is not None:
        gates += _held(f"{FAIRNESS}over_policing_ratio", _over_policing(document), limit, limits)
    return gates


def hold(document: dict[str, Any], experiment: Experiment) -> list[Gate]:
    """Return the fairness gates of a report by the limits of an experiment, and put them into its document.

    The document's other gates, which need no examples, stay. A waiver is of use only where its gate is there.

    Raises:
        ExperimentError: If the experiment limits nothing.
    """
    measured = fairness_gates(document, experiment.fairness)
    if not measured:
        raise ExperimentError("the section [fairness] of the experiment sets no limit to hold the report to")
    gates = waived(measured, experiment.gates.waivers, complete=False)
    others = [gate for gate in document["gates"] if not str(gate["gate"]).startswith(FAIRNESS)]
    document["gates"] = others + [gate.to_dict() for gate in gates]
    return gates


@dataclass(frozen=True, slots=True)
class _Compared:
    # One group beside the rest of its column; the figure is None where it cannot be said.
    column: str
    group: str
    examples: int
    cases: int
    figure: float | None


def _gaps(document: Mapping[str, Any], label: str, measure: str, cases: str) -> list[_Compared]:
    figure = {
        (row["column"], row["group"]): abs(row["difference"])
        for row in records(document["disparities"])
        if row["outcome"] == label and row["measure"] == measure
    }
    return [
        _Compared(*place, row["n"] + row["unknown"], row[cases], figure.get(place))
        for row in document["rows"]
        if row["outcome"] == label
        for place in [(row["column"], row["group"])]
    ]


def _over_policing(document: Mapping[str, Any]) -> list[_Compared]:
    # The document's rows are of single columns; its harms are of pairs too.
    examples = {(row["column"], row["group"]): row["n"] + row["unknown"] for row in document["rows"]}
    rows = [
        row
        for row in records(document["harms"])
        if row["harm"] == "over_policing" and (row["column"], row["group"]) in examples and row["group"] != UNKNOWN
    ]
    return [
        _Compared(*place, examples[place], row["cases"], _ratio(row, [o for o in rows if o["column"] == row["column"]]))
        for row in rows
        for place in [(row["column"], row["group"])]
    ]


def _ratio(row: Mapping[str, Any], column: Sequence[Mapping[str, Any]]) -> float | None:
    """Return a group's rate by the rest's; half a hit stands in where the rest has none, so that it stays finite."""
    hits, cases = (sum(other[name] for other in column) - row[name] for name in ("hits", "cases"))
    return (row["hits"] / row["cases"]) / (max(hits, 0.5) / cases) if row["cases"] and cases else None


def _held(name: str, compared: Sequence[_Compared], limit: float, limits: FairnessSection) -> Iterator[Gate]:
    for column in limits.groups:
        groups = [one for one in compared if one.column == column and one.group != UNKNOWN]
        recorded, cases = (sum(getattr(one, field) for one in groups) for field in ("examples", "cases"))
        gates = []
        for one in groups:
            named = f"{column}: {one.group}"
            if one.figure is not None and min(one.cases, cases - one.cases) >= limits.fewest:
                gates.append(Gate(name, named, one.figure, limit, passed=one.figure <= limit))
            elif one.examples >= limits.smallest_group * recorded:
                gates.append(Gate(name, named, None, limit, passed=False))
        yield from gates or [Gate(name, column, None, limit, passed=False)]


def _flips(document: Mapping[str, Any], label: str, limit: float, limits: FairnessSection) -> Iterator[Gate]:
    rows = [row for row in document.get("swaps", {}).get("rows", []) if row["label"] == label]
    for kind in limits.swaps:
        flips = [row["flips"] for row in rows if row["kind"] == kind]
        hits, cases = (sum(rate[field] for rate in flips) for field in ("hits", "cases"))
        figure = hits / cases if cases >= limits.fewest else None
        passed = figure is not None and figure <= limit
        yield Gate(f"{FAIRNESS}flip_rate.{label}", f"swap: {kind}", figure, limit, passed)


def waived(gates: Sequence[Gate], waivers: Iterable[Waiver], *, complete: bool = True) -> list[Gate]:
    """Return the gates with the waivers of failing ones filled in; one that names the group goes first.

    Args:
        gates: What was measured.
        waivers: From the experiment.
        complete: Whether these are all gates there are, so that a waiver of any other is a mistake.

    Raises:
        ExperimentError: If a waiver names a gate that does not exist: it may hide a spelling mistake.
    """
    by_gate = {name: waiver for waiver in waivers for name in waiver.gates}
    strange = sorted(set(by_gate) - {name for gate in gates for name in _names(gate)})
    if strange and complete:
        raise ExperimentError(f"waivers: no gate named {strange[0]!r}; see the gates in a model's manifest")
    return [gate if gate.passed else replace(gate, waiver=_waiver(gate, by_gate)) for gate in gates]


def _names(gate: Gate) -> tuple[str, ...]:
    return (gate.gate,) if gate.group is None else (f"{gate.gate}[{gate.group}]", gate.gate)


def _waiver(gate: Gate, by_gate: Mapping[str, Waiver]) -> Mapping[str, str] | None:
    found = next((by_gate[name] for name in _names(gate) if name in by_gate), None)
    return None if found is None else found.written()


def require(gates: Iterable[Gate], *, otherwise: str = "nothing was packaged;") -> None:
    """Raise if a gate fails and nobody waived it.

    Args:
        gates: With waivers filled in.
        otherwise: What the error begins with: what was done, or not, because of it.

    Raises:
        GateError: With every such gate, its group, figure and limit.
    """
    failing = [gate for gate in gates if not gate.passed and gate.waiver is None]
    if failing:
        lines = [f"- {told(gate)}" for gate in failing]
        told_first = f"{otherwise} these gates fail; mend the model, or waive them in [[gates.waivers]]:"
        raise GateError("\n".join([told_first, *lines]))


def told(gate: Gate) -> str:
    """Return a gate in words.

    >>> told(Gate("behaviour.typos", None, 0.5, 0.8, passed=False))
    'behaviour.typos: 0.500, limit 0.800'
    """
    group = "" if gate.group is None else f" ({gate.group})"
    figure = "not enough cases" if gate.figure is None else f"{gate.figure:.3f}"
    return f"{gate.gate}{group}: {figure}, limit {gate.limit:.3f}"
