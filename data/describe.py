"""Fill in the datasheet's tables of counts and agreement, between its marks.

Run `python data/describe.py boston_fio.csv` (any CSV files of the city; without one the Boston part
is left as it is). Nothing but counts is written.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from callnexus.corpus.agreement import Agreement, agreement
from callnexus.corpus.boston import join_labels, prevalence
from callnexus.corpus.checking import check_corpus
from callnexus.corpus.examples import read_examples

HERE = Path(__file__).parent


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def agreement_rows(found: Sequence[Agreement]) -> list[list[object]]:
    """Return one row a part and label; batches are left to `callnexus data check`."""
    return [
        [a.part, a.label, a.examples, a.pairs, _short(a.same), _short(a.kappa), _short(a.alpha), a.adjudicated]
        for a in found
        if a.pairs and not a.part.startswith("batch")
    ]


def _short(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def main(sources: list[Path]) -> None:
    """Rewrite the marked parts of README.md beside this script."""
    report = check_corpus(read_examples([HERE / "authored"]))
    header = ["column", "value", "examples", "nexus yes", "risk yes", "hard"]
    counts = table(
        header, [[c.column, c.value, c.examples, c.mh_nexus_yes, c.safety_risk_yes, c.hard] for c in report.counts]
    )
    words = ", ".join(f"{name} {value:.0f}" for name, value in report.words.items())
    probes = table(
        ["probe", "label", "AUC", "at most"], [[p.name, p.label, f"{p.auc:.3f}", p.limit] for p in report.probes]
    )
    parts = {
        "counts": f"Words a narrative: {words}. Label pairs (mental health nexus/safety risk): "
        + ", ".join(f"{pair} {n}" for pair, n in report.combinations.items())
        + f".\n\n{counts}\n\nWhat surface habits and groups give away (`callnexus data check`):\n\n{probes}",
    }
    header = ["part", "label", "voted twice", "pairs", "same", "Cohen's kappa", "Krippendorff's alpha", "third reading"]
    parts["agreement"] = "Authored narratives:\n\n" + table(header, agreement_rows(report.agreement))
    if sources:
        joined = join_labels(HERE / "boston_fio" / "labels.csv", sources)
        shares = ", ".join(f"{name} {share:.1%}" for name, share in prevalence(joined).items())
        parts["agreement"] += "\n\nBoston field narratives:\n\n" + table(
            header, agreement_rows(agreement(joined.examples)[:2])
        )
        parts["agreement"] += f"\n\nPrevalence in the whole slice, by the sampling weights: {shares}."
    path = HERE / "README.md"
    text = path.read_text(encoding="utf-8")
    for name, content in parts.items():
        text = re.sub(
            rf"(<!-- {name} -->).*?(<!-- /{name} -->)",
            lambda found, c=content: f"{found[1]}\n{c}\n{found[2]}",
            text,
            flags=re.S,
        )
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
