"""Join the chosen rows with the votes on them into labels.csv: labels and hashes only, never a narrative.

Run `python data/boston_fio/settle.py chosen.csv VOTES`. VOTES holds a.csv, b.csv (the blind annotators) and settled.csv
(the third reading of every row on which they differ), each `fc_num,mh_nexus,safety_risk`.
"""

import csv
import sys
from pathlib import Path

from callnexus.corpus.boston import LABEL_COLUMNS

HERE = Path(__file__).parent


def read_votes(path: Path) -> dict[str, list[str]]:
    """Return both answers of each row."""
    with path.open(encoding="utf-8") as file:
        return {row[0].strip(): [answer.strip() for answer in row[1:3]] for row in csv.reader(file) if row}


def main(chosen: Path, votes: Path) -> None:
    """Write labels.csv beside this script."""
    first, second, settled = (read_votes(votes / f"{name}.csv") for name in ("a", "b", "settled"))
    with chosen.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (HERE / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(LABEL_COLUMNS)
        for row in rows:
            number = row["fc_num"]
            label = first[number] if first[number] == second[number] else settled[number]
            writer.writerow(
                [number, row["sha256"], *first[number], *second[number], *label, row["stratum"], row["weight"]]
            )
    print(
        f"{len(rows)} rows, {sum(first[r['fc_num']] != second[r['fc_num']] for r in rows)} settled by a third reading"
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
