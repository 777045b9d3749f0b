"""Training time and memory: callnexus against TF-IDF with logistic regression, on 10,000 and 100,000 narratives.

Each fit runs in a process of its own, on one thread, so that its peak memory is its own. The narratives are the
authored ones drawn again and again with noise: words dropped, words swapped in from others, letters mistyped.

    python experiments/benchmarks/training.py --to experiments/results/training_cost.md
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import json
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE.parent / "peers"))

from systems import CallNexus, System, TfIdfLogistic

from callnexus.corpus.examples import read_examples, truth_of
from callnexus.training.experiment import read_experiment

SIZES = (10_000, 100_000)
NOISE = 0.1
"""Share of words that are dropped, replaced or mistyped."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, metavar="FILE", help="a Markdown file to write as well")
    parser.add_argument("--sizes", type=int, nargs=2, default=SIZES, metavar="N", help="numbers of narratives")
    parser.add_argument("--one", nargs=2, metavar=("SYSTEM", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(fit(options.one[0], int(options.one[1]))))
        return 0
    found = {(key, size): _in_its_own_process(key, size) for size in options.sizes for key in ("callnexus", "tfidf-lr")}
    page = to_markdown(found, options.sizes)
    print(page)
    if options.to:
        options.to.write_text(page + "\n", encoding="utf-8")
    return 0


def fit(key: str, count: int) -> dict[str, float]:
    """Return the seconds that a fit on so many narratives takes, and the peak memory of this process in MiB."""
    examples = read_examples(sorted((ROOT / "data" / "authored").glob("*.jsonl")))
    chance = random.Random(count)
    drawn = [chance.randrange(len(examples)) for _ in range(count)]
    words = [word for example in examples for word in example.narrative.split()]
    narratives = [noisy(examples[number].narrative, words, chance) for number in drawn]
    truth = truth_of(examples)[drawn]
    system: System = (
        CallNexus(read_experiment(ROOT / "experiments" / "default.toml")) if key == "callnexus" else TfIdfLogistic()
    )
    before = _peak()
    began = perf_counter()
    represented = system.represent(narratives)
    middle = perf_counter()
    system.fit(represented, truth, np.ones(count))
    end = perf_counter()
    return {"features": middle - began, "seconds": end - began, "before": before, "peak": _peak()}


def noisy(narrative: str, words: Sequence[str], chance: random.Random) -> str:
    """Return the narrative with a share of its words dropped, replaced, or with two letters swapped."""
    kept = []
    for word in narrative.split():
        drawn = chance.random() / NOISE
        if drawn < 1 / 3:
            continue
        if drawn < 2 / 3:
            kept.append(chance.choice(words))
        elif drawn < 1 and len(word) > 3:
            place = chance.randrange(len(word) - 1)
            kept.append(word[:place] + word[place + 1] + word[place] + word[place + 2 :])
        else:
            kept.append(word)
    return " ".join(kept)


def _peak() -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else float("nan")


def _in_its_own_process(key: str, size: int) -> dict[str, float]:
    print(f"fitting {key} on {size:,}", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--one", key, str(size)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(said.stdout))


def to_markdown(found: dict[tuple[str, int], dict[str, float]], sizes: Sequence[int]) -> str:
    """Return the table."""
    lines = [
        "# Training cost",
        "",
        "Both labels, one thread, one process a fit. Written by `python experiments/benchmarks/training.py`.",
        "",
        "| system | narratives | seconds | of which features | peak memory | of which before the fit |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (key, size), cost in found.items():
        shares = f"{cost['features']:.1f} | {cost['peak']:,.0f} MiB | {cost['before']:,.0f} MiB"
        lines.append(f"| {key} | {size:,} | {cost['seconds']:.1f} | {shares} |")
    few, many = sizes
    grown = {key: found[key, many]["seconds"] / found[key, few]["seconds"] for key in ("callnexus", "tfidf-lr")}
    verdict = "met" if grown["callnexus"] <= many / few else "missed"
    lines += [
        "",
        f"{many:,} narratives take callnexus {grown['callnexus']:.1f} times as long as {few:,} (target: at most "
        f"{many / few:.0f}; {verdict}), TF-IDF {grown['tfidf-lr']:.1f} times. callnexus's features are drawn from the "
        "text outside the fit, as it has no vocabulary to learn; TF-IDF's are part of the fit. The solver (liblinear) "
        "bounds both: more passes are needed the more narratives there are.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
