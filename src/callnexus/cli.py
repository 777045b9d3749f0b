"""The command line: parses, calls and prints; every decision is made elsewhere. Needs the extra `cli`."""

import io
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import callnexus
from callnexus import cli_evaluate, cli_model
from callnexus.cli_data import app as data_app
from callnexus.cli_options import ModelOption, PolicyOption
from callnexus.cli_policy import app as policy_app
from callnexus.dispatch.lines import follow_lines
from callnexus.errors import CallnexusError, GateError, MissingExtraError
from callnexus.jsonl import circumstances_of, predict_lines
from callnexus.lines import ByteStream
from callnexus.prediction_panel import show_prediction
from callnexus.terminal import metrics_table, stepwise

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

_EXTRAS = dict.fromkeys(
    (
        "sklearn",
        "scipy",
        "joblib",
        "pandas",
        "mlflow",
        "pydantic",
        "cleanlab",
        "spacy",
        "krippendorff",
        "threadpoolctl",
    ),
    "train",
)
_EXTRAS |= dict.fromkeys(("jinja2", "matplotlib", "fairlearn"), "report")

app.add_typer(data_app, name="data")
app.add_typer(policy_app, name="policy")
for commands in (cli_evaluate, cli_model):
    commands.register(app)


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
    if isinstance(error, OSError):
        return "error", f"{error.filename or 'a file'}: {error.strerror or type(error).__name__}", 2
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").split(".")[0]
        if missing in _EXTRAS:
            return "error", MissingExtraError(_EXTRAS[missing], missing), 2
    # What the option parser raises differs between its versions; all of it can format itself.
    if hasattr(error, "format_message"):
        told = error.format_message()
        return "usage", f"{told} See callnexus --help." if told.startswith("No such command") else told, 2
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
    with stepwise(_err, STEPS) as show:
        result = train(settings, models=models, replace_release=replace, track=track, jobs=jobs, progress=show)
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
    district: Annotated[str | None, typer.Option(help="Where the call is, as the policy names it.")] = None,
    time: Annotated[str | None, typer.Option(metavar="HH:MM", help="Local time of the call.")] = None,
) -> None:
    """Predict one narrative, or JSONL on standard input to JSONL on standard output with ids kept.

    Examples:
    - `callnexus predict "CLR STS BROTHER OFF MEDS, TALKING TO THE WALLS, NEG WPNS"`
    - `callnexus predict "hearing voices, calm" --district B2 --time 14:05`
    - `echo '{"id": 1, "narrative": "dog barking since 6", "district": "B2", "time": "14:05"}' | callnexus predict`

    District and time are optional; they say which responses exist there and then. Lines carry their own.

    A line that cannot be read gives a line with its number and the error; the others go on. Each line is answered as
    soon as it has come, so a dispatch system can keep one process open and wait for every answer.
    """
    given = {name: value for name, value in (("district", district), ("time", time)) if value is not None}
    if narrative is None and given:
        raise typer.BadParameter("--district and --time go with one narrative; lines carry their own")
    circumstances_of(given)
    loaded = callnexus.load(model, policy=policy)
    _write(predict_lines(loaded, _stdin() if narrative is None else _line_of({"narrative": narrative} | given)))


@app.command()
def follow(model: ModelOption = None, policy: PolicyOption = None) -> None:
    """Follow many calls as their narratives grow: JSONL on standard input, one answer a line on standard output.

    Examples:
    - `echo '{"call": "24-117", "remark": "male with a knife in the lobby"}' | callnexus follow`
    - `tail -f remarks.jsonl | callnexus follow --model models/callnexus-0.1.0 > updates.jsonl`

    A line is one of:
    - `{"call": ID, "remark": TEXT}`: the call's narrative grows; "district" and "time" may stand beside it
    - `{"call": ID, "clear": {"by": NAME, "reason": TEXT}}`: a person says that the flagged safety risk is over
    - `{"call": ID, "end": true}`: the call is over and is forgotten; a later line with its ID begins anew

    An answer holds the whole prediction, what changed with the line and why, and what stays flagged. A safety risk once
    found stays flagged until a person clears it. A line that cannot be used gives a line with its number and the
    error; the others go on.
    """
    _write(follow_lines(callnexus.load(model, policy=policy), _stdin()))


def _write(lines: Iterable[str]) -> None:
    """Write each line as soon as it is there, until there are no more or nobody reads them."""
    try:
        for line in lines:
            sys.stdout.write(line)
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone; stdout goes elsewhere so that the interpreter's last flush is silent.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stdin() -> ByteStream:
    # Without a standard input there is nothing to answer.
    return io.BytesIO() if sys.stdin is None else open(sys.stdin.fileno(), "rb", closefd=False)


def _line_of(row: dict[str, str]) -> ByteStream:
    return io.BytesIO(json.dumps(row).encode())


@app.command()
def explain(
    narrative: Annotated[str, typer.Argument(help="The narrative to explain.")],
    model: ModelOption = None,
    policy: PolicyOption = None,
) -> None:
    """Show a prediction as a dispatcher would read it, with the words that moved it highlighted.

    Example: `callnexus explain "Son says he will jump, on the roof now, no weapons"`
    """
    loaded = callnexus.load(model, policy=policy)
    show_prediction(_out, narrative, loaded.predict(narrative), loaded.thresholds)
