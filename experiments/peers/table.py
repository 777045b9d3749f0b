"""The results as one Markdown table: a column a system, a row a measure, every cell a value and its interval."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from protocol import HIGHER_IS_BETTER

from callnexus.labels import LABELS

QUALITY = {
    "auc": "AUC",
    "average_precision": "average precision",
    "recall_at_precision_66": "recall at precision .66",
    "precision_at_recall_98": "precision at recall .98",
    "calibration_error": "calibration error",
    "contrast_accuracy": "contrast-pair accuracy",
    "invariance_flips": "invariance flips",
}
COST: dict[str, tuple[str, Callable[[float], str]]] = {
    "training_seconds": ("training, s", lambda value: f"{value:.1f}" if value < 100 else f"{value:,.0f}"),
    "bytes": ("size on disk, MB", lambda value: f"{value / 1e6:.3f}" if value < 1e5 else f"{value / 1e6:,.1f}"),
    "microseconds_one": ("one text of 300 bytes, µs", lambda value: f"{value:,.0f}"),
    "texts_per_second": ("texts/s in a batch of 1,024", lambda value: f"{value:,.0f}"),
}


def to_markdown(results: Mapping[str, Any]) -> str:
    """Return the table with what it was measured on above it and its reading below."""
    measured = [system for system in results["systems"] if system["status"] == "measured"]
    rows = [["", *(system["title"] for system in measured)]]
    for name, title in QUALITY.items():
        rows += [_quality_row(name, title, label, measured) for label in LABELS]
    if results["boston"]:
        rows += [
            [f"Boston AUC, {label.title}", *(_cell(system["transfer"][label.name], up=True) for system in measured)]
            for label in LABELS
        ]
    reference = measured[0]["cost"]
    for name, (title, form) in COST.items():
        rows.append([title, *(_cost(system["cost"][name], reference[name], form) for system in measured)])
    others = [f"- {system['title']}: {system['status']}; {system['how']}" for system in results["systems"]
              if system["status"] != "measured"]  # fmt: skip
    parts = [_heading(results), _align(rows), _reading(results), "\n".join(others)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _quality_row(name: str, title: str, label: Any, measured: Sequence[Mapping[str, Any]]) -> list[str]:
    up = HIGHER_IS_BETTER[name]
    return [f"{title}, {label.title}", *(_cell(system["quality"][name][label.name], up=up) for system in measured)]


def _cell(value: Mapping[str, Any], *, up: bool) -> str:
    if value["mean"] is None:
        return "no cases"
    text = f"{value['mean']:.3f}"
    if value["half_width"] is not None:
        text += f" ± {value['half_width']:.3f}"
    difference = value["minus_callnexus"]
    if difference["half_width"] is not None and abs(difference["mean"]) > difference["half_width"]:
        text += " ▲" if (difference["mean"] > 0) == up else " ▼"
    return text


def _cost(value: float, reference: float, form: Callable[[float], str]) -> str:
    ratio = value / reference if reference else float("nan")
    return f"{form(value)} ({ratio:.3g}x)" if ratio < 1000 else f"{form(value)} ({ratio:,.0f}x)"


def _heading(results: Mapping[str, Any]) -> str:
    data, machine = results["data"], results["machine"]
    said = (
        f"{data['examples']:,} examples in {data['batches']} batches (sha256 {data['sha256'][:12]}; "
        f"lexicon {results['lexicon_sha256'][:12]}; callnexus's settings as in results.json), "
        f"{data['folds']} folds by batch, seed {data['seed']}. {machine['processor']}, one thread, "
        f"load {machine['load_before']:.1f} before and {machine['load_after']:.1f} after, Python {machine['python']}. "
        f"{results['date']}, {results['minutes']:.0f} minutes."
    )
    return f"# callnexus and its peers\n\n{said}"


def _reading(results: Mapping[str, Any]) -> str:
    lines = [
        f"- Mean ± half of the 95 % t interval over n = {results['data']['folds']} folds. Training sets of different "
        "folds overlap, so intervals are a little too narrow.",
        "- ▲ better, ▼ worse than callnexus: the 95 % interval of the paired differences excludes 0. No correction "
        "for the number of comparisons.",
        "- Ranking: fitted on the other folds. Calibration error and flips: fitted on four fifths of their batches, "
        "Platt's sigmoid on the last fifth; decisions at .5.",
        "- Contrast-pair accuracy: pairs of a contrast group that differ in the label, yes above no; a tie is a miss. "
        "Invariance flips: groups that do not get one decision.",
        "- Costs: one fit of both labels on all examples, one thread; medians, systems taking turns; in brackets the "
        "ratio to callnexus.",
        "- callnexus lets hard examples outside contrast groups count "
        f"{results['experiment']['fit']['hard_weight']:g} in fitting; in every peer all examples count alike.",
    ]
    if boston := results["boston"]:
        lines.append(
            f"- Boston: fitted on all examples, scored on {boston['rows']:,} labelled field contacts, not weighted "
            f"({boston['missing']} missing, {boston['altered']} altered); ± is 1.96 bootstrap standard errors. "
            "callnexus's settings were chosen with these rows in view, its peers' were not: this favours callnexus."
        )
    return "\n".join(lines)


def _align(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    padded.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)
