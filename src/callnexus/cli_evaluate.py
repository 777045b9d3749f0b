"""The commands that measure a model on examples: evaluate, recheck, behave, report, compare."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import callnexus
from callnexus.cli_options import JsonOption, Labelled, ModelOption, PolicyOption
from callnexus.errors import GateError
from callnexus.terminal import (
    SIDES,
    behaviour_table,
    comparison_tables,
    coverage_table,
    groups_table,
    metrics_table,
    parts_table,
    recheck_table,
    stepwise,
    verdict_lines,
)

if TYPE_CHECKING:
    from callnexus.corpus.examples import Example

_err = Console(stderr=True, highlight=False)
_out = Console(highlight=False)

OldModel = Annotated[
    Path | None, typer.Option("--compare", metavar="OLD_MODEL", help="A model folder to compare with.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (evaluate, recheck, behave, report, compare):
        app.command()(command)


def evaluate(data: Labelled, model: ModelOption = None) -> None:
    """Measure a model on annotated examples: quality, by source and year, by words read, then errors by group.

    Each file or folder is a source of its own in the table of transfer.

    Examples:
    - `callnexus evaluate data/authored/b01.jsonl --model models/callnexus-0.1.0`
    - `callnexus evaluate data/authored my_city.jsonl`
    """
    from callnexus.corpus.examples import read_examples
    from callnexus.training.assessment import assess, assess_parts, assess_prefixes, by_year, coverage_of

    steps = ("reading examples and the model", "asking the model", "by source and year", "as the narrative grows")
    with stepwise(_err, steps) as show:
        show(steps[0])
        loaded = callnexus.load(model)
        examples = read_examples(data)
        show(steps[1])
        assessment = assess(loaded, examples)
        show(steps[2])
        sources = {path.name: read_examples([path]) for path in data}
        parts = assess_parts(loaded, sources | by_year(examples))
        show(steps[3])
        prefixes = assess_prefixes(loaded, examples)
    _warn_of_seen(loaded, examples)
    _out.print(metrics_table(f"{loaded.version} on {len(assessment.judged)} examples", assessment.to_dict()))
    _out.print(parts_table(steps[2], parts))
    _out.print(parts_table(steps[3], prefixes))
    _out.print(coverage_table("clear answers", [row.to_dict() for row in coverage_of(assessment, examples)]))
    rows = [row.to_dict() for row in assessment.rows if row.outcome in loaded.labels]
    _out.print(groups_table("error rates by group", rows))


def recheck(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    data: Labelled,
    to: JsonOption = None,
) -> None:
    """Test a model's promised error rates on new local labels: keep, label more, re-threshold or retrain.

    Example: `callnexus recheck models/callnexus-0.1.0 my_city.jsonl`

    A promise holds for calls like those the thresholds were chosen on, and local calls differ. Exit with 1 if one is
    broken.
    """
    from callnexus.corpus.examples import read_examples
    from callnexus.evaluation.rechecking import Verdict
    from callnexus.training.assessment import recheck_promises

    loaded, examples = callnexus.load(model), read_examples(data)
    rows = recheck_promises(loaded, examples)
    _warn_of_seen(loaded, examples)
    plain = [row.to_dict() for row in rows]
    _out.print(recheck_table(plain))
    for line in verdict_lines(plain):
        _out.print(line, markup=False, soft_wrap=True)
    if to is not None:
        _write(to, json.dumps(plain, indent=1) + "\n")
    broken = [row for row in rows if row.verdict in (Verdict.RETHRESHOLD, Verdict.RETRAIN)]
    if broken:
        raise GateError("; ".join(f"{row.label}, {SIDES[row.side]}: {row.verdict}" for row in broken))


def behave(
    model: Annotated[Path | None, typer.Argument(help="A model folder; without it, the one that is shipped.")] = None,
    to: JsonOption = None,
) -> None:
    """Check what a model must do, one capability at a time, on hand-written cases; exit with 1 if one falls short.

    Example: `callnexus behave models/callnexus-0.1.0 --to runs/behaviour.json`
    """
    from callnexus.evaluation.behaviour import behaviour_json, behaviour_rows, shipped_cases

    steps = ("reading cases and the model", "asking the model")
    with stepwise(_err, steps) as show:
        show(steps[0])
        cases, loaded = shipped_cases(), callnexus.load(model)
        show(steps[1])
        plain = behaviour_json(behaviour_rows(cases, loaded.predict_many))
    _out.print(behaviour_table(plain["capabilities"]))
    _out.print(f"{plain['passed']} of {plain['cases']} cases pass, {plain['unsure']} of the answers are undecided")
    if to is not None:
        _write(to, json.dumps(plain, indent=1) + "\n")
    if plain["not_ok"]:
        raise GateError(f"{len(plain['not_ok'])} capabilities fall short: {', '.join(plain['not_ok'])}")


def report(
    data: Labelled,
    model: ModelOption = None,
    groups: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Columns to compare by; without it, those of the call record.")
    ] = None,
    compare: OldModel = None,
    predictions: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Another system's answers, in place of a model's.")
    ] = None,
    policy: PolicyOption = None,
    experiment: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Hold the report to its [fairness] limits.")
    ] = None,
    with_examples: Annotated[bool, typer.Option(help="Show a few errors, redacted; names may remain.")] = False,
    to: Annotated[Path, typer.Option("--to", help="Folder for fairness.html and fairness.json.")] = Path("runs/report"),
) -> None:
    """Write the fairness report of a model on examples: a page for reviewers, and the same as JSON.

    Examples:
    - `callnexus report my_city.jsonl --to runs/my_city`
    - `callnexus report my_city.jsonl --groups subject_race,subject_sex,register --compare models/my_city-1.0.0`
    - `callnexus report my_city.jsonl --experiment my_city.toml` exits with 1 if a limit is broken and not waived
    - `callnexus report my_city.jsonl --predictions vendor.csv` audits any system

    The CSV has the columns id, mh_nexus and safety_risk (yes, no, unsure or insufficient), and may have
    mh_nexus_probability, safety_risk_probability and response. Where labels are null, only how often groups are
    flagged is compared.
    """
    from callnexus.corpus.examples import GROUP_COLUMNS, group_columns, read_examples
    from callnexus.report.page import fairness_page, to_json
    from callnexus.training import audit
    from callnexus.training.experiment import read_experiment
    from callnexus.training.gates import hold, require

    columns = GROUP_COLUMNS if groups is None else group_columns(name.strip() for name in groups.split(","))
    limits = None if experiment is None else read_experiment(experiment)
    if limits is not None:
        columns = group_columns((*columns, *limits.fairness.groups))
    steps = audit.steps_of(predictions=predictions is not None, compared=compare is not None)
    with stepwise(_err, steps) as show:
        show(steps[0])
        examples = read_examples(data)
        other = None if compare is None else callnexus.load(compare)
        subject = audit.subject_of(model, predictions, policy)
        document = audit.report_document(
            subject, examples, data=", ".join(path.name for path in data), columns=columns, other=other,
            with_examples=with_examples, progress=show,
        )  # fmt: skip
        gates = [] if limits is None else hold(document, limits)
        show(steps[-1])
        files = {"fairness.json": to_json(document), "fairness.html": fairness_page(document)}
        for name, text in files.items():
            _write(to / name, text)
    if subject.model is not None:
        _warn_of_seen(subject.model, examples)
    if "swaps" not in document:
        _err.print(f"identity swaps were not made: {subject.unswappable}", markup=False)
    if with_examples:
        _err.print("the report shows narratives: they are redacted, but names may remain; for reviewers only")
    require(gates, otherwise="the report is written, and")


def compare(
    old: Annotated[Path, typer.Argument(help="A model folder.")],
    new: Annotated[Path, typer.Argument(help="The model folder that would take its place.")],
    data: Labelled,
    policy: PolicyOption = None,
    to: JsonOption = None,
) -> None:
    """Compare two models on the same examples: changed decisions, by register and group, and who errs more.

    Examples:
    - `callnexus compare models/my_city-1.0.0 models/my_city-1.1.0 my_city.jsonl --to runs/changes.json`
    - `callnexus compare OLD NEW unlabelled.jsonl` works where labels are null, and then counts changed decisions only

    Tests are McNemar's, exact. The worst changes are listed by id, never by text. Without a policy each model
    recommends by its own.
    """
    from callnexus.corpus.examples import GROUP_COLUMNS, read_examples
    from callnexus.evaluation.comparison import Previous, version_changes
    from callnexus.training.assessment import judged_of

    columns = ("register", *GROUP_COLUMNS)
    steps = ("reading examples and models", "asking the old model", "asking the new model")
    with stepwise(_err, steps) as show:
        show(steps[0])
        examples = read_examples(data)
        before, after = (callnexus.load(folder, policy=policy) for folder in (old, new))
        show(steps[1])
        previous = Previous(before.version, judged_of(before, examples, columns=columns))
        show(steps[2])
        judged = judged_of(after, examples, columns=columns)
        names = ", ".join(path.name for path in data)
        document = version_changes(previous, judged, model=after.version, data=names)
    heading = f"{document['old']} to {document['new']}, {document['examples']} examples of {names}"
    _out.print(heading, markup=False, soft_wrap=True)
    for table in comparison_tables(document):
        _out.print(table)
    if to is not None:
        _write(to, json.dumps(document, indent=1, allow_nan=False) + "\n")


def _warn_of_seen(model: callnexus.Model, examples: "Sequence[Example]") -> None:
    from callnexus.training.assessment import seen_in_training

    if seen := seen_in_training(model, examples):
        told = f"warning: {seen} of {len(examples)} examples are of batches that trained this model: figures flatter it"
        _err.print(told, markup=False, style="yellow", soft_wrap=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    _out.print(f"wrote {path}", markup=False)
