"""What a person sees in the terminal: progress, and tables of metrics, groups, promises, policies and corpora."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from callnexus.evaluation.tables import records
from callnexus.policy import Policy
from callnexus.prediction_panel import visible
from callnexus.response import UNCLEAR, Response


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


SIDES = {"no": "missed (answered no)", "yes": "false alarm (answered yes)"}
"""What each side of a promise is called."""

_VERDICTS = {
    "keep": "the promise holds here too, even at the upper bound",
    "label more": "neither bound settles it yet: label more local calls and test again",
    "re-threshold": "the promise is broken; with the threshold that is named it would hold",
    "retrain": "the promise is broken and no useful threshold would mend it: train or adapt on local calls",
}


def recheck_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of promises tested on local labels, with a verdict each."""
    header = ("label", "error", "promised", "errors", "local rate (one-sided bounds)", "verdict", "what it takes")
    table = _plain_table("promises, tested on local labels", *header)
    for row in rows:
        promised = f"at most {row['promised']:.1%}"
        cells = ("no cases", "not known")
        if row["cases"]:
            cells = (f"{row['errors']} of {row['cases']}", f"{row['low']:.1%} to {row['high']:.1%}")
        table.add_row(row["label"], SIDES[row["side"]], promised, *cells, row["verdict"], _what_it_takes(row))
    return table


def _what_it_takes(row: Mapping[str, Any]) -> str:
    if row["threshold"] is not None:
        return f"{'no below' if row['side'] == 'no' else 'yes from'} {row['threshold']:.4f}"
    if row["more_needed"]:
        return f"{row['more_needed']} more such calls"
    settled = {"keep": "nothing", "retrain": "local training or adaptation"}
    return settled.get(row["verdict"], "too many errors for so few cases; label more")


def verdict_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line on each verdict that occurs, saying what it means."""
    return [f"{verdict}: {told}" for verdict, told in _VERDICTS.items() if verdict in {row["verdict"] for row in rows}]


def policy_table(policy: Policy) -> Table:
    """Return a policy's table: one row a district, time of day and pair of decisions; equal districts share theirs."""
    table = _plain_table("whom the policy sends", "district", "from", "nexus", "risk", "response")
    table.box = box.SIMPLE
    for districts, schedule in _schedules(policy):
        for start, responses in schedule:
            place = (districts, start if len(schedule) > 1 else "all day")
            for pair, response in responses.items():
                table.add_row(*_texts(*place, *pair.split(), _response_of(pair, response)))
                place = ("", "")
            table.add_section()
    return table


_Schedule = list[tuple[str, dict[str, str]]]


def _schedules(policy: Policy) -> list[tuple[str, _Schedule]]:
    """Return the districts that share a schedule, and from when each of its rows holds."""
    by_district: dict[str, _Schedule] = {}
    for row in policy.to_rows():
        responses = {key: value for key, value in row.items() if key not in ("district", "from")}
        schedule = by_district.setdefault(row["district"], [])
        if not schedule or schedule[-1][1] != responses:
            schedule.append((row["from"], responses))
    elsewhere = by_district.pop("elsewhere")
    shared: list[tuple[list[str], _Schedule]] = []
    for district, schedule in by_district.items():
        if schedule == elsewhere:
            continue
        alike = next((names for names, other in shared if other == schedule), None)
        if alike is None:
            shared.append(([district], schedule))
        else:
            alike.append(district)
    named = [(", ".join(names), schedule) for names, schedule in shared]
    return [*named, ("elsewhere" if named else "everywhere", elsewhere)]


def _response_of(pair: str, response: str) -> str:
    told = Response(response).phrase
    return f"review ({told})" if UNCLEAR in pair else told


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
    """Return the tables of a corpus report: counts, label pairs, words, agreement, probes; of batches only counts."""
    counts = _plain_table("counts", "column", "value", "examples", "nexus yes", "risk yes", "hard")
    for row in report["counts"]:
        counts.add_row(*(Text(str(value)) for value in row.values()))
    pairs = _plain_table("label pairs", "nexus", "risk", "examples")
    for pair, number in report["combinations"].items():
        pairs.add_row(*("unsettled" if label == "None" else label for label in pair.split("/")), str(number))
    words = _plain_table("words in a narrative", *report["words"])
    words.add_row(*(f"{number:g}" for number in report["words"].values()))
    votes = _plain_table("agreement", "part", "label", "voted twice", "same", "kappa", "alpha")
    for row in report["agreement"]:
        # There are as many batches as a city likes; the JSON has them.
        if row["pairs"] and not row["part"].startswith("batch "):
            numbers = (_number(row[name]) for name in ("same", "kappa", "alpha"))
            votes.add_row(Text(row["part"]), row["label"], str(row["pairs"]), *numbers)
    found = _plain_table("give-aways", "probe", "label", "AUC", "at most", "")
    for row in report["probes"]:
        verdict = "passed" if row["passed"] else "FAILED"
        found.add_row(row["name"], row["label"], _number(row["auc"]), str(row["limit"]), verdict)
    return [counts, pairs, words, votes, found]


def prevalence_table(shares: Mapping[str, float]) -> Table:
    """Return a table of each label's share of yes in a source."""
    table = _plain_table("yes in the whole source, by sampling weights", "label", "share")
    for name, share in shares.items():
        table.add_row(name, "not known" if math.isnan(share) else f"{share:.1%}")
    return table
