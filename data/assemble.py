"""Join the plan with the narratives and votes that came back, into data/authored/<batch>.jsonl.

Run `python data/assemble.py TEXTS VOTES`. TEXTS holds <batch>.jsonl with {"id", "narrative"} a row, as writers
hand them in. VOTES holds CSV files `id,mh_nexus,safety_risk`, one a blind annotator; a file `settled.csv` there
holds the answers of the third reading, which win. The writer's own vote is the plan's label.
"""

import csv
import json
import sys
from pathlib import Path

from callnexus.corpus.examples import GROUP_COLUMNS, Example

HERE = Path(__file__).parent
KEPT = ("city_type", "group_id", "group_kind", *GROUP_COLUMNS)


def read_votes(folder: Path) -> dict[str, dict[str, dict[str, str | None]]]:
    """Return the votes of each row by annotator; "unclear" is null."""
    votes: dict[str, dict[str, dict[str, str | None]]] = {}
    for path in sorted(folder.glob("*.csv")):
        for identifier, nexus, risk in csv.reader(path.open(encoding="utf-8")):
            answers = {"mh_nexus": nexus, "safety_risk": risk}
            votes.setdefault(identifier, {})[path.stem] = {
                label: answer if answer in ("yes", "no") else None for label, answer in answers.items()
            }
    return votes


def main(texts: Path, votes_folder: Path) -> None:
    """Write every batch that is complete."""
    votes = read_votes(votes_folder)
    with (HERE / "plan.csv").open(encoding="utf-8") as file:
        plan = list(csv.DictReader(file))
    (HERE / "authored").mkdir(exist_ok=True)
    for path in sorted(texts.glob("*.jsonl")):
        narratives = {row["id"]: row["narrative"] for row in map(json.loads, path.open(encoding="utf-8"))}
        rows = [row for row in plan if row["batch"] == path.stem]
        missing = [row["id"] for row in rows if row["id"] not in narratives]
        if missing:
            print(f"{path.stem}: left out, {len(missing)} rows are missing, such as {missing[0]}")
            continue
        with (HERE / "authored" / path.name).open("w", encoding="utf-8") as file:
            for row in rows:
                label = {name: row[name] for name in ("mh_nexus", "safety_risk")}
                given = {"writer": dict(label)} | votes.get(row["id"], {})
                label |= given.get("settled", {})
                example = {
                    "id": row["id"], "narrative": narratives[row["id"]], **label, "votes": given, "batch": row["batch"],
                    "register": row["register"], "hard": row["hard"] or None,
                    **{column: row[column] or None for column in KEPT},
                }  # fmt: skip
                file.write(Example.model_validate(example).to_line())
        print(f"{path.stem}: {len(rows)} rows")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
