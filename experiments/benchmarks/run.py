"""Benchmarks of the predictor beside its peers: one command, one table. See --help."""

import os

# Before NumPy is imported: it reads these once. Every system runs on one thread.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import gc
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE.parent / "peers"))

from learned import FastText
from processes import load_seconds, measure_processes
from systems import System, TfIdfLogistic
from timing import BLOCK, percentile_99, ratio, sharing, take_turns, turns_over

import callnexus
from callnexus.corpus.examples import read_examples, truth_of

LENGTH, TEXTS = 300, 200
BATCHES = (1, 64, 4096)
SIZES = (30, 300, 3_000, 1_000_000)
PEERS: tuple[type[System], ...] = (FastText, TfIdfLogistic)

EPILOG = """
examples:
  python experiments/benchmarks/run.py
      prints the table; takes about five minutes
  python experiments/benchmarks/run.py --to experiments/results/benchmarks.md
      writes it as well
  python experiments/benchmarks/run.py --quick
      few rounds: to try that all runs

Peers need: pip install -e '.[train]' -r experiments/peers/requirements.txt (of which fasttext-wheel and scikit-learn).
A peer that is missing is left out. Run it on a machine that does nothing else.
"""

BOUNDS = """
Every ratio is the median over turns in which both ran one after the other, in one process, on one thread. callnexus and
the peers answer both labels from the caller's string; fastText's time holds its two models and the lower-casing and
splitting that it needs. Both peers were trained on `data/authored`.

What bounds each figure, and where its floor lies:

- **One text**: the number of array operations, not the work in them. A score makes some 125 NumPy calls on arrays of
  1 to 300 entries, and some hundred steps of Python. That many of the smallest array operation (timed above) are the
  floor without compiled code of our own. By stage, in percent: normalising 11, words 9, phrases and scopes 21 (half of
  it Python), runs of words and characters 22, columns and values 22, weights and sums 15.
- **Batches**: phrases and scopes take 38 %, since Python goes over them one by one; weights and sums 25, normalising,
  words, runs, and columns and values 9 each. With phrases and scopes in array operations the floor would be
  near 60 % of today's time. Chunks of 32 KiB of text were faster than smaller ones and no slower than larger ones.
- **Prediction**: the score, then Python objects: up to sixteen pieces of evidence, their reasons, two label
  predictions.
- **Length**: time is a constant plus a slope; ns a byte falls until the constant no longer counts. At 1 MB
  arrays leave the cache and are fetched from memory.
- **Cold start**: Python and NumPy start first; then reading and hashing the folder, unpacking weights, and
  compiling some 12,000 phrases. Loading is some 40 % of the difference, importing the rest:
  `importlib.resources`, `tomllib`, `zipfile`, `hashlib`, and making the data classes.
- **Peak memory**: NumPy's own, then the weights and the phrase table.
- **Two threads**: NumPy gives the lock up only inside longer operations, so threads help little; processes scale.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was measured.
        ours: The figure, with its unit.
        beside: The same of what it is compared with, or what else is worth saying.
        target: What was wanted, or nothing.
        met: Whether it was reached; None without a target.
    """

    what: str
    ours: str
    beside: str = ""
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured on.

    Attributes:
        model: The shipped model.
        peers: Fitted peers by key.
        narratives: Authored narratives nearest to LENGTH bytes.
        corpus: All authored narratives.
        quick: Whether a few rounds will do.
    """

    model: callnexus.Model
    peers: Mapping[str, System]
    narratives: Sequence[str]
    corpus: Sequence[str]
    quick: bool

    def rounds(self, number: int) -> int:
        """Return how many rounds to run where a full run makes this many."""
        return max(2, number // 10) if self.quick else number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=Path, metavar="FILE", help="a Markdown file to write as well")
    parser.add_argument("--quick", action="store_true", help="few rounds")
    options = parser.parse_args(arguments)
    before = os.getloadavg()[0]
    rows: list[Row] = []
    # Fresh processes first: this one is still small, and the machine still cool.
    sections = (cold_start, one_text, batches, lengths, threads, folder)
    bench = _bench(quick=options.quick)
    for section in sections:
        tell(section.__name__.replace("_", " "))
        gc.collect()
        rows += section(bench)
    page = _page(rows, before)
    print(page)
    if options.to:
        options.to.write_text(page, encoding="utf-8")
    return 0


def _bench(*, quick: bool) -> Bench:
    examples = read_examples(sorted((ROOT / "data" / "authored").glob("*.jsonl")))
    corpus = [example.narrative for example in examples]
    peers: dict[str, System] = {}
    for kind in PEERS:
        if kind.missing():
            tell(f"{kind.title} is not installed and left out")
            continue
        tell(f"training {kind.title}")
        peer = kind()
        peer.fit(peer.represent(corpus), truth_of(examples), np.ones(len(corpus)))
        peers[kind.key] = peer
    nearest = sorted(corpus, key=lambda text: abs(len(text.encode()) - LENGTH))
    return Bench(callnexus.load(), peers, nearest[:TEXTS], corpus, quick)


def one_text(bench: Bench) -> list[Row]:
    """Return the rows on single narratives."""
    systems: dict[str, Callable[[str], Any]] = {
        "score": lambda text: bench.model.scores([text]),
        "prediction": bench.model.predict,
    }
    for key, peer in bench.peers.items():
        systems[key] = lambda text, peer=peer: peer.predict([text])
    times = turns_over(bench.narratives, systems, rounds=bench.rounds(5))
    rows = [
        Row(f"one text of {LENGTH} bytes: score, p50 (p99)", _spread(times["score"])),
        *(Row(f"the same, {bench.peers[key].title}", "", _spread(times[key])) for key in bench.peers),
    ]
    if "fasttext" in bench.peers:
        found = ratio(times, "score", "fasttext")
        rows.append(Row("score, time against fastText's", f"{found:.2f} x", "", "at most 3 x", found <= 3))
    if "tfidf-lr" in bench.peers:
        found = ratio(times, "tfidf-lr", "score")
        rows.append(Row("score, speed against TF-IDF", f"{found:.1f} x", "", "at least 20 x", found >= 20))
    some = np.arange(64)
    smallest = take_turns({"add": lambda: [some + some for _ in range(1000)]}, rounds=bench.rounds(50))["add"]
    rows.append(Row("the smallest array operation", f"{1e6 * median(smallest):.0f} ns"))
    found = ratio(times, "prediction", "score")
    return [
        *rows,
        Row(
            "decision, reasons and evidence, p50 (p99)",
            _spread(times["prediction"]),
            f"{found:.2f} x the score",
            "at most 2 x",
            found <= 2,
        ),
    ]


def batches(bench: Bench) -> list[Row]:
    """Return the rows on batches."""
    rows = []
    for size in BATCHES:
        texts = [bench.narratives[i % len(bench.narratives)] for i in range(size)]
        actions: dict[str, Callable[[], object]] = {"ours": partial(bench.model.scores, texts)}
        actions |= {key: partial(peer.predict, texts) for key, peer in bench.peers.items()}
        times = take_turns(actions, rounds=bench.rounds(200 if size == 1 else 40 if size < 1000 else 5))
        beside = [f"{peer.title} {size / median(times[key]):,.0f}" for key, peer in bench.peers.items()]
        rows.append(Row(f"batches of {size:,}: texts/s", f"{size / median(times['ours']):,.0f}", "; ".join(beside)))
        for key, wanted in (("fasttext", 1), ("tfidf-lr", 25)):
            if key in bench.peers and size > 1:
                found = ratio(times, key, "ours")
                name = f"batches of {size:,}: speed against {bench.peers[key].title}"
                rows.append(Row(name, f"{found:.1f} x", "", f"at least {wanted} x", found >= wanted))
    return rows


def lengths(bench: Bench) -> list[Row]:
    """Return one row a length of text."""
    joined = " // ".join(bench.corpus).encode("ascii", "ignore").decode()
    texts = {str(size): (joined * (1 + size // len(joined)))[:size] for size in SIZES}
    score = {"ours": lambda text: bench.model.scores([text])}
    times = {name: turns_over([text] * BLOCK, score, rounds=bench.rounds(3))["ours"] for name, text in texts.items()}
    last, before = (median(times[str(size)]) / size for size in (SIZES[-1], SIZES[-2]))
    rows = [
        Row(
            f"one text of {size:,} bytes: score",
            f"{1e6 * median(times[str(size)]):,.0f} µs",
            f"{1e9 * median(times[str(size)]) / size:,.0f} ns a byte",
        )
        for size in SIZES
    ]
    found = last / before
    return [*rows, Row("time a byte, 1 MB against 3,000 bytes", f"{found:.2f} x", "", "at most 2 x", found <= 2)]


def threads(bench: Bench) -> list[Row]:
    """Return the row on two threads sharing one model."""
    gain, same = sharing(lambda: bench.model.scores(bench.corpus[:1000]), rounds=bench.rounds(10))
    said = "identical results" if same else "DIFFERENT results"
    return [Row("two threads, one model: throughput of one thread", f"{gain:.2f} x", said, "identical results", same)]


def cold_start(bench: Bench) -> list[Row]:
    """Return the rows on fresh processes."""
    found = measure_processes(rounds=max(15, bench.rounds(25)))
    ours, numpy = found["callnexus"], found["numpy"]
    times = median(a / b for a, b in zip(ours.seconds, numpy.seconds, strict=True))
    beside = ", ".join(f"{name} {1e3 * median(found[name].seconds):.0f} ms" for name in ("numpy", "python"))
    peak = ours.peak / 2**20
    return [
        Row("import, load, predict once: a process", f"{1e3 * median(ours.seconds):.0f} ms", beside),
        Row("the same against importing NumPy", f"{times:.2f} x", "", "at most 1.6 x", times <= 1.6),
        Row("its peak memory", f"{peak:.0f} MiB", f"numpy {numpy.peak / 2**20:.0f} MiB", "at most 60 MiB", peak <= 60),
        Row("load() alone", f"{1e3 * load_seconds():.0f} ms"),
    ]


def folder(bench: Bench) -> list[Row]:
    """Return the row on the shipped model's size."""
    models = ROOT / "models"
    shipped = models / (models / "DEFAULT").read_text(encoding="utf-8").strip()
    size = sum(path.stat().st_size for path in shipped.rglob("*") if path.is_file()) / 2**20
    return [Row("model folder", f"{size:.1f} MiB", bench.model.version, "at most 6 MiB", size <= 6)]


def _spread(seconds: Sequence[float]) -> str:
    return f"{1e6 * median(seconds):.0f} µs ({1e6 * percentile_99(seconds):.0f})"


def _page(rows: Sequence[Row], before: float) -> str:
    words = {None: "", True: "met", False: "missed"}
    lines = [
        ("what", "callnexus", "beside", "target", ""),
        *((r.what, r.ours, r.beside, r.target, words[r.met]) for r in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = [f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines]
    table.insert(1, f"| {' | '.join('-' * width for width in widths)} |")
    about = (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"load before {before:.1f}, after {os.getloadavg()[0]:.1f}. Written by `python experiments/benchmarks/run.py`."
    )
    return "\n".join(["# Benchmarks", "", about, "", *table, BOUNDS])


def tell(step: str) -> None:
    """Print a step of the work on standard error."""
    print(step, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
