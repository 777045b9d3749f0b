"""Choose which Boston field narratives are labelled: all with mental health words, some with risk words, some others.

Run `python data/boston_fio/choose.py boston_fio.csv chosen.csv`. The city's file stays outside the project; the output
holds ids, hashes, strata and sampling weights, never a narrative. The seed is fixed.
"""

import csv
import hashlib
import random
import re
import sys

SEED = 2015
RISK_ROWS, OTHER_ROWS = 400, 610
NEXUS_WORDS = re.compile(
    r"suicid|mental|psych|\bedps?\b|emotionally disturb|\bs-?12\b|\bsec(?:tion|\.)? ?12\b|bipolar|schizo|hearing voices"
    r"|hallucinat|depress|\bmeds\b|medication|\bbest (?:team|clinician|doctor|unit)|clinician|dementia|alzheimer|autis"
    r"|anxiety|paranoi|delusion|manic|self.?harm|kill (?:him|her|them|my)sel|talking to (?:him|her)sel|crisis|unstable"
    r"|section(?:ed)? (?:him|her)|disturbed|ptsd|evaluat",
    re.IGNORECASE,
)
RISK_WORDS = re.compile(
    r"\bguns?\b|firearm|pistol|rifle|kni(?:fe|ves)|weapon|stab|\bshots?\b|shooting|armed|threat|fight|assault|machete"
    r"|\ba&b|\babdw|punch|attack|\bbat\b|violen|robbery|screwdriver|hammer|overdos|jump",
    re.IGNORECASE,
)


def stratum(narrative: str) -> str:
    """Return "nexus words", "risk words" or "other"."""
    if NEXUS_WORDS.search(narrative):
        return "nexus words"
    return "risk words" if RISK_WORDS.search(narrative) else "other"


def main(source: str, target: str) -> None:
    """Write the chosen rows' ids with stratum and weight (rows of the stratum / rows chosen)."""
    strata: dict[str, list[dict[str, str]]] = {"nexus words": [], "risk words": [], "other": []}
    with open(source, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            strata[stratum(row["narrative"])].append(row)
    rng = random.Random(SEED)
    wanted = {"nexus words": len(strata["nexus words"]), "risk words": RISK_ROWS, "other": OTHER_ROWS}
    with open(target, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["fc_num", "sha256", "stratum", "weight"])
        for name, rows in strata.items():
            chosen = sorted(rng.sample(rows, wanted[name]), key=lambda row: row["fc_num"])
            weight = f"{len(rows) / len(chosen):.4f}"
            for row in chosen:
                digest = hashlib.sha256(row["narrative"].encode()).hexdigest()
                writer.writerow([row["fc_num"], digest, name, weight])
            print(f"{name}: {len(chosen)} of {len(rows)} rows, weight {weight}")


if __name__ == "__main__":
    main(*sys.argv[1:])
