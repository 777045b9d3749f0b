"""Does the shipped model answer otherwise when somebody is said to be somebody else?

Run `python experiments/identity_swaps.py [examples.jsonl ...]`; without files, on the held-out batches of the default
experiment, and experiments/results/identity_swaps.md is written. Prints totals by kind and every pair of groups with
enough swaps, with decision flips and shifts of the score in log-odds. No narrative is printed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

import callnexus
from callnexus.corpus.examples import read_examples
from callnexus.evaluation.identity_swaps import SwapRow, swap_rows, swaps_of
from callnexus.evaluation.metrics import Rate, wilson
from callnexus.labels import LABEL_NAMES
from callnexus.training.experiment import read_experiment
from callnexus.training.pipeline import split_of

HERE = Path(__file__).parent
FEWEST = 20
COLUMNS = ("kind", "from", "to", "label", "swaps", "flips (95 %)", "mean shift", "mean size", "worst")


def main(sources: Sequence[Path]) -> None:
    """Print the tables, and write them where the default narratives are used."""
    narratives = _given(sources) if sources else _held_out()
    model, quiet = callnexus.load(), Console(stderr=True)
    swaps = swaps_of(track(narratives, "swapping", console=quiet, transient=True))
    rows = swap_rows(
        narratives,
        swaps,
        lambda texts: list(
            track(model.predict_stream(texts), "predicting", total=len(texts), console=quiet, transient=True)
        ),
    )
    listed = [_cells(row) for row in rows if row.flips.cases >= FEWEST]
    totals = [_total(rows, kind, label) for kind in dict.fromkeys(row.kind for row in rows) for label in LABEL_NAMES]
    console = Console()
    for title, cells in (("by kind", totals), (f"by pair of groups, {FEWEST} swaps or more", listed)):
        table = Table(*COLUMNS, title=title, title_justify="left", header_style="dim")
        for row in cells:
            table.add_row(*row)
        console.print(table)
    if not sources:
        written = "\n\n".join(_markdown(cells) for cells in (totals, listed))
        note = (
            f"{model.version}; {len(narratives)} held-out narratives, {len(swaps)} swaps; pairs with {FEWEST} or more."
        )
        (HERE / "results" / "identity_swaps.md").write_text(f"{note}\n\n{written}\n", encoding="utf-8")


def _given(sources: Sequence[Path]) -> list[str]:
    return [example.narrative for example in read_examples(sources)]


def _held_out() -> list[str]:
    experiment = read_experiment(HERE / "default.toml")
    examples = read_examples(map(Path, experiment.data.examples))
    return [examples[place].narrative for place in split_of(examples, experiment).test]


def _cells(row: SwapRow) -> tuple[str, ...]:
    shifts = (row.mean_shift, row.mean_absolute_shift, row.worst_shift)
    named = (row.kind, row.from_group, row.to_group, row.label)
    return (*named, str(row.flips.cases), _rate(row.flips), *(f"{shift:+.2f}" for shift in shifts))


def _total(rows: Sequence[SwapRow], kind: str, label: str) -> tuple[str, ...]:
    of_kind = [row for row in rows if (row.kind, row.label) == (kind, label)]
    swaps = sum(row.flips.cases for row in of_kind)
    flips = wilson(sum(row.flips.hits for row in of_kind), swaps)
    mean = sum(row.mean_shift * row.flips.cases for row in of_kind) / swaps
    size = sum(row.mean_absolute_shift * row.flips.cases for row in of_kind) / swaps
    worst = max((row.worst_shift for row in of_kind), key=abs)
    return (kind, "all", "all", label, str(swaps), _rate(flips), f"{mean:+.2f}", f"{size:+.2f}", f"{worst:+.2f}")


def _rate(rate: Rate) -> str:
    return f"{rate.value:.1%} ({rate.low:.1%}-{rate.high:.1%})"


def _markdown(cells: Sequence[Sequence[str]]) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
