"""The commands on annotated examples: check, suspects, next, import. Parses, calls and prints."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from callnexus.cli_options import JsonOption, Labelled
from callnexus.errors import GateError, summarised
from callnexus.terminal import corpus_tables, prevalence_table, stepwise

app = typer.Typer(help="Check, mend and extend annotated examples.", no_args_is_help=True)
_err = Console(stderr=True, highlight=False)
_out = Console(highlight=False)

Output = Annotated[Path, typer.Option("--to", help="The file to write.")]
Count = Annotated[int, typer.Option(min=1, help="How many to list.")]


@app.command()
def check(
    data: Labelled,
    to: JsonOption = None,
    folds: Annotated[int, typer.Option(min=3, help="Batch folds, as in the experiment.")] = 5,
) -> None:
    """Check schema, duplicates, leaks, label balance, agreement and give-aways; exit with 1 if any fails.

    Example: `callnexus data check data/authored --to runs/corpus.json`
    """
    from callnexus.corpus.checking import STEPS, check_corpus
    from callnexus.corpus.examples import read_examples

    steps = ("reading examples", *STEPS)
    with stepwise(_err, steps) as show:
        show(steps[0])
        report = check_corpus(read_examples(data), folds=folds, progress=show)
    plain = report.to_dict()
    for table in corpus_tables(plain):
        if table.row_count:
            _out.print(table)
    _out.print(f"{report.examples} examples, sha256 {report.sha256[:12]}", markup=False)
    if to is not None:
        _write(to, json.dumps(plain, indent=1) + "\n")
    if not report.passed:
        raise GateError("\n".join(["the corpus must be mended:", *summarised(report.complaints)]))
    _out.print("nothing must be mended")


@app.command()
def suspects(
    data: Labelled,
    experiment: Annotated[Path, typer.Option(help="The experiment whose features and fit are used.")] = Path(
        "experiments/default.toml"
    ),
    count: Count = 150,
    to: Output = Path("runs/suspects.json"),
) -> None:
    """List labels that a model which never saw the example finds hard to believe, worst first, as annotation tasks.

    Example: `callnexus data suspects data/authored --count 150 --to runs/suspects.json`

    The tasks do not say what is suspected: an annotator reads them afresh. Ids, labels and scores go to the terminal.
    """
    from callnexus.corpus.examples import read_examples, truth_of
    from callnexus.corpus.importing import to_label_studio_tasks
    from callnexus.corpus.suspects import label_suspects
    from callnexus.training.experiment import read_experiment
    from callnexus.training.pipeline import out_of_fold_probabilities

    steps = ("reading examples", "fitting a model to each fold", "ranking labels")
    with stepwise(_err, steps) as show:
        show(steps[0])
        examples = read_examples(data)
        show(steps[1])
        probability = out_of_fold_probabilities(read_experiment(experiment), examples)
        show(steps[2])
        found = label_suspects(truth_of(examples), probability, count=count)
    for suspect in found:
        line = f"{examples[suspect.index].id}  {suspect.label}  given {suspect.given}  p(yes) {suspect.probability:.3f}"
        _out.print(line, markup=False)
    chosen = dict.fromkeys(suspect.index for suspect in found)
    _write(to, json.dumps(to_label_studio_tasks([examples[index] for index in chosen]), indent=1) + "\n")


@app.command(name="import")
def import_(
    export: Annotated[Path, typer.Argument(help="What the annotation tool exported.")],
    to: Output,
    batch: Annotated[str, typer.Option(help="Who annotated or collected it; a batch stays in one split.")],
    format: Annotated[str | None, typer.Option(help="The export's format; without it, found from the file.")] = None,
    register: Annotated[str | None, typer.Option(help="The register of all rows, unless a column gives it.")] = None,
    column: Annotated[list[str] | None, typer.Option(help="field=name where the export names a field its way.")] = None,
    confirmed_only: Annotated[bool, typer.Option(help="The export holds finished annotations only.")] = False,
) -> None:
    """Read an export of Label Studio, doccano, Prodigy, Argilla, CSV or JSONL into annotated examples.

    Examples:
    - `callnexus data import project-1.json --to data/mine.jsonl --batch ann --register notes`
    - `callnexus data import calls.csv --to data/mine.jsonl --batch ann --register notes --column narrative=REMARKS`

    A broken export is refused as a whole, with every bad record named. What is skipped is counted.
    """
    from callnexus.corpus.importing import detect_format, import_examples

    columns = dict(pair.partition("=")[::2] for pair in column or [])
    imported = import_examples(
        export, format=format or detect_format(export), batch=batch, register=register, columns=columns or None,
        confirmed_only=confirmed_only,
    )  # fmt: skip
    _write(to, "".join(example.to_line() for example in imported.examples))
    skipped = ", ".join(f"{count} {why}" for why, count in imported.skipped.items())
    _out.print(f"{len(imported.examples)} examples; skipped: {skipped or 'none'}", markup=False)


@app.command()
def boston(
    sources: Annotated[list[Path], typer.Argument(help="The city's CSV files, as published, or a slice of them.")],
    to: Output,
    labels: Annotated[Path, typer.Option(help="The committed labels.")] = Path("data/boston_fio/labels.csv"),
    unlabelled: Annotated[bool, typer.Option(help="Keep the rows that nobody labelled too, with null labels.")] = False,
) -> None:
    """Join the labels of Boston field narratives to the city's own files, as annotated examples for your eyes only.

    Examples:
    - `callnexus data boston boston_fio.csv --to runs/boston.jsonl`, then `callnexus evaluate runs/boston.jsonl`
    - `callnexus data boston boston_fio.csv --unlabelled --to runs/all.jsonl`, then `callnexus report runs/all.jsonl`
      compares error rates on the labelled rows, and how often groups are flagged on the others

    The narratives are real: keep the file out of the project. Rows that are missing or altered are counted.
    """
    from callnexus.corpus.boston import join_labels, prevalence

    joined = join_labels(labels, sources, unlabelled=unlabelled)
    _write(to, "".join(example.to_line() for example in joined.examples))
    counts = f"{len(joined.weights)} labelled examples, {len(joined.missing)} missing, {len(joined.altered)} altered"
    _out.print(f"{counts}; {len(joined.examples) - len(joined.weights)} unlabelled ones kept")
    for told, ids in (("missing", joined.missing), ("altered", joined.altered)):
        if ids:
            _out.print(f"{told}: {', '.join(ids)}", markup=False)
    _out.print(prevalence_table(prevalence(joined)))


@app.command(name="next")
def next_(
    narratives: Annotated[Path, typer.Argument(help='JSONL of unlabelled narratives: {"id": ..., "narrative": ...}.')],
    model: Annotated[Path | None, typer.Option("--model", "-m", help="A model folder.")] = None,
    count: Count = 100,
    to: Output = Path("runs/next.json"),
) -> None:
    """Choose which unlabelled narratives to annotate next: uncertain ones, no two alike, as annotation tasks.

    Example: `callnexus data next calls.jsonl --count 100 --to runs/next.json`
    """
    import numpy as np

    import callnexus
    from callnexus.corpus.examples import read_narratives
    from callnexus.corpus.importing import to_label_studio_tasks
    from callnexus.corpus.suspects import annotate_next
    from callnexus.training.fit import NarrativeFeatures

    loaded = callnexus.load(model)
    rows = read_narratives(narratives)
    texts = list(rows.values())
    matrix = NarrativeFeatures(loaded.extractor.spec, loaded.extractor.lexicon).transform(texts)
    chosen = annotate_next(matrix, loaded.predict_proba(texts).astype(np.float64), count=count)
    ids = list(rows)
    _write(to, json.dumps(to_label_studio_tasks({ids[index]: texts[index] for index in chosen}), indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    _out.print(f"wrote {path}", markup=False)
