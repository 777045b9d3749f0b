"""Limits fixed before results are seen: what fails and is not waived is not packaged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from callnexus.errors import ExperimentError, GateError
from callnexus.evaluation.behaviour import BehaviourRow
from callnexus.training.experiment import Waiver


@dataclass(frozen=True, slots=True)
class Gate:
    """One limit and the figure measured against it.

    Attributes:
        gate: Its name, such as "behaviour.negated_weapon".
        group: The group it was measured on, or None for all examples.
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


def waived(gates: Sequence[Gate], waivers: Iterable[Waiver]) -> list[Gate]:
    """Return the gates with the waivers of failing ones filled in.

    Raises:
        ExperimentError: If a waiver names a gate that does not exist: it may hide a spelling mistake.
    """
    by_gate = {name: waiver for waiver in waivers for name in waiver.gates}
    strange = sorted(set(by_gate) - {gate.gate for gate in gates})
    if strange:
        raise ExperimentError(f"waivers: no gate named {strange[0]!r}; see the gates in a model's manifest")
    return [
        replace(gate, waiver=by_gate[gate.gate].written()) if not gate.passed and gate.gate in by_gate else gate
        for gate in gates
    ]


def require(gates: Iterable[Gate]) -> None:
    """Raise if a gate fails and nobody waived it.

    Raises:
        GateError: With every such gate, its group, figure and limit.
    """
    failing = [gate for gate in gates if not gate.passed and gate.waiver is None]
    if failing:
        lines = [f"- {told(gate)}" for gate in failing]
        raise GateError("\n".join(["nothing was packaged; mend the model, or waive in [[gates.waivers]]:", *lines]))


def told(gate: Gate) -> str:
    """Return a gate in words.

    >>> told(Gate("behaviour.typos", None, 0.5, 0.8, passed=False))
    'behaviour.typos: 0.500, limit 0.800'
    """
    group = "" if gate.group is None else f" ({gate.group})"
    figure = "not enough cases" if gate.figure is None else f"{gate.figure:.3f}"
    return f"{gate.gate}{group}: {figure}, limit {gate.limit:.3f}"
