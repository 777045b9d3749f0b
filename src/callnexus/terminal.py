"""What a person sees in the terminal: predictions with highlighted evidence, tables of metrics and groups."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from callnexus.labels import LABELS
from callnexus.prediction import LabelPrediction, Prediction

_COLOURS = {"mh_nexus": "cyan", "safety_risk": "magenta"}


def show_prediction(console: Console, narrative: str, prediction: Prediction) -> None:
    """Print decisions, response, reasons and the narrative with its strongest evidence highlighted."""
    table = Table("question", "decision", "probability", "score", box=None, pad_edge=False, header_style="dim")
    for label in LABELS:
        found: LabelPrediction = getattr(prediction, label.name)
        table.add_row(
            Text(label.title, style=_COLOURS[label.name]),
            Text(str(found.decision), style="bold"),
            f"{found.probability:.2f}",
            f"{found.score:+.2f}",
        )
    parts: list[RenderableType] = [table, Text()]
    recommended = str(prediction.response).replace("_", " ")
    parts.append(Text.assemble("recommended: ", (recommended, "bold"), f"   (policy {prediction.policy})"))
    for label in LABELS:
        reasons = [reason for reason in prediction.reasons if reason.label == label.name]
        told = ", ".join(f"{r.code.replace('_', ' ')} {r.scope} ({r.weight:+.1f})" for r in reasons)
        parts.append(Text(f"{label.title}: {told or 'no known cue; see the highlighted words'}", style="dim"))
    console.print(Panel(Group(*parts), title=prediction.model_version, title_align="left"))
    for label in LABELS:
        console.print(highlighted(narrative, prediction, label.name), soft_wrap=True)
    console.print(
        Text.assemble(
            ("underlined", "underline"), ": speaks for the label; ", ("struck", "strike"), ": speaks against it. ",
            "The dispatcher decides.", style="dim",
        )
    )  # fmt: skip


def highlighted(narrative: str, prediction: Prediction, label: str) -> Text:
    """Return the narrative with one label's evidence: underlined where it speaks for it, struck where against."""
    # Control characters would act on the terminal; each becomes one visible character, so offsets hold.
    visible = "".join(c if c.isprintable() or c == " " else "\u00b7" for c in narrative)
    text = Text(visible.encode("utf-8", "replace").decode())
    strongest = max((abs(e.weight) for e in prediction.evidence if e.label == label), default=1.0)
    for piece in prediction.evidence:
        if piece.label == label:
            style = "underline" if piece.weight > 0 else "strike"
            weight = "bold" if abs(piece.weight) >= strongest / 2 else ""
            text.stylize(f"{weight} {style} {_COLOURS[label]}".strip(), piece.start, piece.end)
    return Text.assemble((f"{label}: ", "dim"), text)


def metrics_table(title: str, metrics: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table of metrics, one column a label."""
    table = Table("measure", *metrics, title=title, title_justify="left", header_style="dim")
    for name in next(iter(metrics.values())):
        table.add_row(name.replace("_", " "), *(_number(values[name]) for values in metrics.values()))
    return table


def behaviour_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of pass rates, one row a capability, those that fall short first."""
    header = ("capability", "kind", "passed", "pass rate (95 %)", "required", "undecided", "")
    table = Table(*header, title="what the model must do", title_justify="left", header_style="dim")
    for row in sorted(rows, key=lambda row: (row["ok"], row["rate"]["value"])):
        rate, verdict = row["rate"], "ok" if row["ok"] else "FALLS SHORT"
        passed = f"{rate['hits']}/{rate['cases']}"
        cells = (row["capability"], row["kind"], passed, _rate(rate), f"{row['required']:.0%}", str(row["unsure"]))
        table.add_row(*map(Text, cells), verdict)
    return table


PART_COLUMNS = ("n", "positives", "auc", "average_precision", "recall", "false_alarm_rate", "calibration_error")


def parts_table(title: str, parts: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table of the main metrics, one row a part and label."""
    header = ("part", "label", *(name.replace("_", " ") for name in PART_COLUMNS))
    table = Table(*header, title=title, title_justify="left", header_style="dim")
    for part, labels in parts.items():
        for label, metrics in labels.items():
            table.add_row(Text(part), label, *(_number(getattr(metrics, name)) for name in PART_COLUMNS))
    return table


def groups_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of error rates by group; a rate of too few cases says so."""
    measures = ("miss_rate", "false_alarm_rate", "precision", "selection_rate", "review_rate")
    counts = ("n", "positives", "negatives")
    header = ("column", "group", "outcome", *counts, *(measure.replace("_", " ") for measure in measures))
    table = Table(*header, title=title, title_justify="left", header_style="dim")
    for row in rows:
        rates = (_rate(row[measure]) for measure in measures)
        table.add_row(Text(row["column"]), Text(row["group"]), row["outcome"], *(str(row[c]) for c in counts), *rates)
    return table


def _number(value: float | int | None) -> str:
    if value is None:
        return "not measured"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _rate(rate: Mapping[str, Any] | None) -> str:
    if rate is None:
        return "not enough cases"
    return f"{rate['value']:.1%} ({rate['low']:.0%}-{rate['high']:.0%})"


def corpus_tables(report: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a corpus report: counts, agreement, probes."""
    counts = Table("column", "value", "examples", "nexus yes", "risk yes", "hard", title="counts", title_justify="left")
    for row in report["counts"]:
        counts.add_row(*(Text(str(value)) for value in row.values()))
    votes = Table("part", "label", "voted twice", "same", "kappa", "alpha", title="agreement", title_justify="left")
    for row in report["agreement"]:
        if row["pairs"]:
            numbers = (_number(row[name]) for name in ("same", "kappa", "alpha"))
            votes.add_row(Text(row["part"]), row["label"], str(row["pairs"]), *numbers)
    found = Table("probe", "label", "AUC", "at most", "", title="give-aways", title_justify="left")
    for row in report["probes"]:
        verdict = "passed" if row["passed"] else "FAILED"
        found.add_row(row["name"], row["label"], _number(row["auc"]), str(row["limit"]), verdict)
    return [counts, votes, found]
