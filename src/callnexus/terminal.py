"""What a person sees in the terminal: predictions with highlighted evidence, tables of metrics and groups."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from callnexus.evaluation.tables import records
from callnexus.labels import LABELS
from callnexus.policy import Policy
from callnexus.prediction import LabelPrediction, Prediction

_COLOURS = {"mh_nexus": "cyan", "safety_risk": "magenta"}


@contextmanager
def stepwise(console: Console, steps: Sequence[str]) -> Iterator[Callable[[str], None]]:
    """Give what is to be called with each step as it begins: a bar on a terminal, a line a step elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=len(steps))

        def show(step: str) -> None:
            number = steps.index(step)
            bar.update(task, completed=number, description=step)
            if not console.is_terminal:
                console.print(f"[{number + 1}/{len(steps)}] {step}", markup=False)

        yield show
        bar.update(task, completed=len(steps), description="done")


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
    parts.append(Text.assemble("recommended: ", (_recommended(prediction), "bold"), f"   (policy {prediction.policy})"))
    parts.append(Text(visible(prediction.sentence)))
    for label in LABELS:
        reasons = [reason for reason in prediction.reasons if reason.label == label.name]
        told = ", ".join(f"{reason.code} {reason.weight:+.1f}" for reason in reasons)
        parts.append(Text(f"{label.title}: {told}", style="dim"))
    console.print(Panel(Group(*parts), title=prediction.model_version, title_align="left"))
    for label in LABELS:
        console.print(highlighted(narrative, prediction, label.name), soft_wrap=True)
    console.print(
        Text.assemble(
            ("underlined", "underline"), ": speaks for the label; ", ("struck", "strike"), ": speaks against it. ",
            "The dispatcher decides.", style="dim",
        )
    )  # fmt: skip


def _recommended(prediction: Prediction) -> str:
    told = str(prediction.response)
    if prediction.provisional is not None:
        told += f"; while it is read, the less harmful: {prediction.provisional}"
    if prediction.instead_of is not None:
        told += f", as {prediction.instead_of} is not there"
    return told.replace("_", " ")


def visible(text: str) -> str:
    """Return text with one visible character for each that would act on the terminal, so offsets hold."""
    shown = "".join(c if c.isprintable() or c == " " else "\u00b7" for c in text)
    return shown.encode("utf-8", "replace").decode()


def highlighted(narrative: str, prediction: Prediction, label: str) -> Text:
    """Return the narrative with one label's evidence: underlined where it speaks for it, struck where against."""
    text = Text(visible(narrative))
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


def coverage_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of how many examples get a clear answer, and how many of these are wrong."""
    table = Table(
        "column", "part", "answer", "coverage", "error", title=title, title_justify="left", header_style="dim"
    )
    for row in rows:
        rates = (_rate(row[name]) if row[name]["cases"] else "no case" for name in ("coverage", "error"))
        table.add_row(Text(row["column"]), Text(row["part"]), row["label"], *rates)
    return table


def recheck_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of promises tested on local labels, with a verdict each."""
    header = (
        "label",
        "wrong answer",
        "promised",
        "errors",
        "local rate (one-sided bounds)",
        "verdict",
        "what it takes",
    )
    table = Table(*header, title="promises, tested on local labels", title_justify="left", header_style="dim")
    for row in rows:
        told = ""
        if row["threshold"] is not None:
            told = f"{'no below' if row['side'] == 'no' else 'yes from'} {row['threshold']:.4f}"
        elif row["more_needed"]:
            told = f"{row['more_needed']} more such calls"
        bounds = f"{row['low']:.1%} to {row['high']:.1%}"
        errors = f"{row['errors']} of {row['cases']}"
        table.add_row(row["label"], row["side"], f"at most {row['promised']:.1%}", errors, bounds, row["verdict"], told)
    return table


def policy_table(policy: Policy) -> Table:
    """Return a policy's table: one row a district and time of day, one column a pair of decisions."""
    rows = list(policy.to_rows())
    title = "response by mental health nexus and safety risk"
    table = Table(*rows[0], title=title, title_justify="left", header_style="dim")
    for row in rows:
        table.add_row(*map(Text, row.values()))
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


def comparison_tables(document: Mapping[str, Any]) -> list[Table]:
    """Return the tables of two versions: answers before and after, whose changed, tests, furthest moves."""
    tables = [
        _flow_table(outcome, [row for row in document["flows"] if row["outcome"] == outcome])
        for outcome in dict.fromkeys(row["outcome"] for row in document["flows"])
    ]
    changed = _plain_table("changed answers by group", "column", "group", "outcome", "changed")
    for row in records(document["changed"]):
        if row["changed"]:
            changed.add_row(*_texts(row["column"], row["group"], row["outcome"]), f"{row['changed']}/{row['examples']}")
    tests = _plain_table("errors, McNemar's exact test", "label", "labelled", "fixed", "broken", "p")
    for row in document["tests"]:
        tests.add_row(row["label"], *(str(row[name]) for name in ("cases", "fixed", "broken")), _number(row["p"]))
    names = ("column", "group", "label", "rate", "cases", "before", "after", "change (95 %)", "p (Holm)")
    rates = _plain_table("error rates that changed", *names)
    for row in records(document["changes"]):
        if row["fixed"] + row["broken"]:
            rates.add_row(*_texts(*_change(row)))
    worst = _plain_table("furthest moves", "id", "label", "truth", "decision", "probability")
    for row in document["worst"]:
        moved = " to ".join(_number(row[f"probability_{when}"]) for when in ("before", "after"))
        decision = f"{row['before']} to {row['after']}"
        worst.add_row(*_texts(row["id"], row["label"], row["truth"] or "not known", decision, moved))
    return [*tables, *(table for table in (changed, tests, rates, worst) if table.row_count)]


def _flow_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    answers = sorted({row[side] for row in rows for side in ("before", "after")})
    counts = {(row["before"], row["after"]): row["examples"] for row in rows}
    table = _plain_table(title, "from \\ to", *answers)
    for before in answers:
        table.add_row(before, *(str(counts.get((before, after), 0)) for after in answers))
    return table


def _change(row: Mapping[str, Any]) -> tuple[str, ...]:
    told = ("not enough cases", "")
    if row["difference"] is not None:
        told = (f"{row['difference']:+.1%} ({row['low']:+.1%} to {row['high']:+.1%})", f"{row['p_holm']:.3f}")
    counts = (str(row[name]) for name in ("cases", "before", "after"))
    return (row["column"], row["group"], row["outcome"], row["measure"].replace("_", " "), *counts, *told)


def _plain_table(title: str, *header: str) -> Table:
    return Table(*header, title=title, title_justify="left", header_style="dim")


def _texts(*cells: str) -> Iterator[Text]:
    # From data, so no markup, and nothing that acts on the terminal.
    return (Text(visible(cell)) for cell in cells)


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
