"""The command line: parses, calls and prints; every decision is made elsewhere. Needs the extra `cli`."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import callnexus
from callnexus.cli_data import app as data_app
from callnexus.cli_model import register
from callnexus.cli_policy import app as policy_app
from callnexus.errors import CallnexusError, GateError, MissingExtraError
from callnexus.jsonl import predict_lines
from callnexus.lines import ByteStream
from callnexus.terminal import (
    behaviour_table,
    coverage_table,
    groups_table,
    metrics_table,
    parts_table,
    recheck_table,
    show_prediction,
)

app = typer.Typer(
    name="callnexus",
    help="Read narratives of emergency calls: mental health nexus? safety risk? The dispatcher decides.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    # Locals hold narratives; a traceback must not print them.
    pretty_exceptions_enable=False,
)
_err = Console(stderr=True, highlight=False)
_out = Console(highlight=False)

_EXTRAS = dict.fromkeys(("sklearn", "scipy", "joblib", "pandas", "mlflow", "pydantic", "cleanlab"), "train")
_EXTRAS |= dict.fromkeys(("jinja2", "matplotlib", "fairlearn"), "report")

app.add_typer(data_app, name="data")
app.add_typer(policy_app, name="policy")
register(app)

ModelOption = Annotated[
    Path | None, typer.Option("--model", "-m", help="A model folder; without it, the one that is shipped.")
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", help="A city's policy as TOML; without it, the model folder's own.")
]
Labelled = Annotated[list[Path], typer.Argument(help="JSONL files of annotated examples, or folders of them.")]


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 a gate failed, 2 bad input, 130 interrupted."""
    try:
        ended = app(arguments, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        kind, told, code = _told(error)
        _err.print(f"{kind}: {told}", markup=False, style="red", soft_wrap=True)
        return code
    # An option parser that stops early, interrupted perhaps, returns its exit code; a command returns nothing.
    return ended if isinstance(ended, int) else 0


def _told(error: Exception) -> tuple[str, object, int]:
    """Return what to say of an expected error and the exit code; anything else is a bug and is raised on."""
    if isinstance(error, GateError):
        return "gate failed", error, 1
    if isinstance(error, CallnexusError):
        return "error", error, 2
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").split(".")[0]
        if missing in _EXTRAS:
            return "error", MissingExtraError(_EXTRAS[missing], missing), 2
    # What the option parser raises differs between its versions; all of it can format itself.
    if hasattr(error, "format_message"):
        return "usage", error.format_message(), 2
    raise error


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the library's version and stop.")] = False,
) -> None:
    if version:
        typer.echo(callnexus.__version__)
        raise typer.Exit


@app.command()
def train(
    experiment: Annotated[Path, typer.Argument(help="An experiment file, such as experiments/default.toml.")],
    models: Annotated[Path, typer.Option(help="Where the model folder goes.")] = Path("models"),
    replace: Annotated[bool, typer.Option(help="Replace the same release if its content differs.")] = False,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
    jobs: Annotated[int, typer.Option(min=1, help="Folds or labels worked on at once.")] = 2,
) -> None:
    """Train, evaluate, report on and package a model, as an experiment file says.

    Examples:
    - `callnexus train experiments/default.toml --replace`
    - `callnexus train my_city.toml --models /srv/models --jobs 8`

    Then `mlflow ui --backend-store-uri sqlite:///mlflow.db` shows every run.
    """
    from callnexus.training.experiment import read_experiment
    from callnexus.training.pipeline import STEPS, train

    settings = read_experiment(experiment)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_err) as bar:
        task = bar.add_task("starting", total=len(STEPS))

        def show(step: str) -> None:
            number = STEPS.index(step)
            bar.update(task, completed=number, description=step)
            if not _err.is_terminal:
                _err.print(f"[{number + 1}/{len(STEPS)}] {step}", markup=False)

        result = train(settings, models=models, replace_release=replace, track=track, jobs=jobs, progress=show)
        bar.update(task, completed=len(STEPS), description="done")
    _out.print(metrics_table("test split (batches that training never saw)", result.assessment.to_dict()))
    _out.print(metrics_table("out of fold (training and calibration batches)", result.out_of_fold))
    _out.print(f"model folder     {result.folder}\nversion          {result.model.version}", markup=False)
    _out.print(f"fairness report  {result.folder / 'fairness.html'}", markup=False)
    if result.run_id:
        _out.print(f"MLflow run       {result.run_id} ({settings.tracking.uri})", markup=False)


@app.command()
def predict(
    narrative: Annotated[str | None, typer.Argument(help="One narrative; without it, JSONL is read.")] = None,
    model: ModelOption = None,
    policy: PolicyOption = None,
) -> None:
    """Predict one narrative, or JSONL on standard input to JSONL on standard output with ids kept.

    Examples:
    - `callnexus predict "CLR STS BROTHER OFF MEDS, TALKING TO THE WALLS, NEG WPNS"`
    - `echo '{"id": 1, "narrative": "dog barking since 6", "district": "B2", "time": "14:05"}' | callnexus predict`

    District and time are optional; they say which responses exist there and then.

    A line that cannot be read gives a line with its number and the error; the others go on. Each line is answered as
    soon as it has come, so a dispatch system can keep one process open and wait for every answer.
    """
    loaded = callnexus.load(model, policy=policy)
    try:
        for line in predict_lines(loaded, _stdin() if narrative is None else _line_of(narrative)):
            sys.stdout.write(line)
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone; stdout goes elsewhere so that the interpreter's last flush is silent.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stdin() -> ByteStream:
    # Without a standard input there is nothing to answer.
    return io.BytesIO() if sys.stdin is None else open(sys.stdin.fileno(), "rb", closefd=False)


def _line_of(narrative: str) -> ByteStream:
    return io.BytesIO(json.dumps({"narrative": narrative}).encode())


@app.command()
def explain(
    narrative: Annotated[str, typer.Argument(help="The narrative to explain.")],
    model: ModelOption = None,
    policy: PolicyOption = None,
) -> None:
    """Show a prediction as a dispatcher would read it, with the words that moved it highlighted.

    Example: `callnexus explain "Son says he will jump, on the roof now, no weapons"`
    """
    show_prediction(_out, narrative, callnexus.load(model, policy=policy).predict(narrative))


@app.command()
def evaluate(data: Labelled, model: ModelOption = None) -> None:
    """Measure a model on annotated examples: quality, by source and year, by words read, then errors by group.

    Each file or folder is a source of its own in the table of transfer.

    Examples:
    - `callnexus evaluate data/authored/b01.jsonl --model models/callnexus-0.1.0`
    - `callnexus evaluate data/authored my_city.jsonl`
    """
    from callnexus.corpus.examples import read_examples
    from callnexus.training.assessment import assess, assess_parts, assess_prefixes, by_year, coverage_of

    loaded = callnexus.load(model)
    examples = read_examples(data)
    assessment = assess(loaded, examples)
    _out.print(metrics_table(f"{loaded.version} on {len(assessment.judged)} examples", assessment.to_dict()))
    sources = {path.name: read_examples([path]) for path in data}
    _out.print(parts_table("by source and year", assess_parts(loaded, sources | by_year(examples))))
    _out.print(parts_table("as the narrative grows", assess_prefixes(loaded, examples)))
    _out.print(coverage_table("clear answers", [row.to_dict() for row in coverage_of(assessment, examples)]))
    rows = [row.to_dict() for row in assessment.rows if row.outcome in loaded.labels]
    _out.print(groups_table("error rates by group", rows))


@app.command()
def recheck(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    data: Labelled,
    to: Annotated[Path | None, typer.Option("--to", help="Also write everything as JSON.")] = None,
) -> None:
    """Test a model's promised error rates on new local labels: keep, label more, re-threshold or retrain.

    Example: `callnexus recheck models/callnexus-0.1.0 my_city.jsonl`

    A promise holds for calls like those the thresholds were chosen on, and local calls differ. Exit with 1 if one is
    broken.
    """
    from callnexus.corpus.examples import read_examples
    from callnexus.evaluation.rechecking import Verdict
    from callnexus.training.assessment import recheck_promises

    rows = recheck_promises(callnexus.load(model), read_examples(data))
    _out.print(recheck_table([row.to_dict() for row in rows]))
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(json.dumps([row.to_dict() for row in rows], indent=1) + "\n", encoding="utf-8")
    broken = [row for row in rows if row.verdict in (Verdict.RETHRESHOLD, Verdict.RETRAIN)]
    if broken:
        raise GateError("; ".join(f"{row.label}, {row.side}: {row.verdict}" for row in broken))


@app.command()
def behave(
    model: Annotated[Path | None, typer.Argument(help="A model folder; without it, the one that is shipped.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Also write everything as JSON.")] = None,
) -> None:
    """Check what a model must do, one capability at a time, on hand-written cases; exit with 1 if one falls short.

    Example: `callnexus behave models/callnexus-0.1.0 --to runs/behaviour.json`
    """
    from callnexus.evaluation.behaviour import behaviour_json, behaviour_rows, shipped_cases

    plain = behaviour_json(behaviour_rows(shipped_cases(), callnexus.load(model).predict_many))
    _out.print(behaviour_table(plain["capabilities"]))
    _out.print(f"{plain['passed']} of {plain['cases']} cases pass, {plain['unsure']} of the answers are undecided")
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    if plain["not_ok"]:
        raise GateError(f"{len(plain['not_ok'])} capabilities fall short: {', '.join(plain['not_ok'])}")


@app.command()
def report(
    data: Labelled,
    model: ModelOption = None,
    to: Annotated[Path, typer.Option("--to", help="Folder for fairness.html and fairness.json.")] = Path("runs/report"),
) -> None:
    """Write the fairness report of a model on annotated examples: a page for reviewers, and the same as JSON.

    Example: `callnexus report my_city.jsonl --to runs/my_city`
    """
    from callnexus.corpus.examples import read_examples
    from callnexus.evaluation.fairness import fairness_document
    from callnexus.report.page import fairness_page, to_json
    from callnexus.training.assessment import assess

    loaded = callnexus.load(model)
    names = ", ".join(path.name for path in data)
    found = assess(loaded, read_examples(data))
    document = fairness_document(found.judged, model=loaded.version, data=names, provenance=found.provenance)
    to.mkdir(parents=True, exist_ok=True)
    (to / "fairness.json").write_text(to_json(document), encoding="utf-8")
    (to / "fairness.html").write_text(fairness_page(document), encoding="utf-8")
    _out.print(f"{to / 'fairness.html'}\n{to / 'fairness.json'}", markup=False)
