"""Write data/plan.csv: what each authored row must be, before anybody writes it.

The plan fixes labels, register, length, city type, surface habits and the call record's group
columns independently of one another, so that a model cannot learn a label from who is involved
or from how a writer types. Writers receive a batch of rows and a brief; they never choose labels.

Run `python data/make_plan.py`; the seed is fixed, the output is the same every time.
"""

import csv
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
SEED = 20211
COMBINATIONS = {("yes", "yes"): 29, ("yes", "no"): 36, ("no", "yes"): 26, ("no", "no"): 39}

REGISTERS = {"dispatch": 25, "notes": 20, "transcript": 21, "field_report": 19, "referral": 15}
LENGTHS = {"6-18": 20, "19-40": 33, "41-75": 30, "76-150": 17}
CASES = {
    "dispatch": {"upper": 60, "sentence": 20, "lower": 20},
    "notes": {"upper": 15, "sentence": 60, "lower": 25},
    "transcript": {"upper": 8, "sentence": 52, "lower": 40},
    "field_report": {"upper": 30, "sentence": 70},
    "referral": {"upper": 15, "sentence": 70, "lower": 15},
}
REMARKS = {"dispatch": {0: 35, 1: 30, 2: 35}, "notes": {0: 75, 1: 25}}
NEGATORS = {"0": 30, "1": 35, "2+": 35}
MENTIONS = {"none": 45, "ambulance": 18, "police": 22, "both": 15}
SETTINGS = {
    "house": 14, "apartment building": 16, "street or pavement": 14, "shop or restaurant": 9,
    "transit": 7, "school or college": 7, "workplace": 7, "hospital or clinic": 5, "shelter or hotel": 6,
    "park, water or bridge": 7, "vehicle or road": 8,
}  # fmt: skip
GROUPS = {
    "caller_language": {"english": 66, "spanish": 13, "haitian_creole": 5, "portuguese": 4, "cantonese": 3,
                        "vietnamese": 3, "": 6},
    "subject_race": {"black": 24, "white": 26, "hispanic": 18, "asian": 8, "other": 4, "": 20},
    "subject_sex": {"female": 41, "male": 45, "nonbinary": 3, "": 11},
    "subject_age_band": {"0-12": 6, "13-17": 11, "18-25": 18, "26-39": 23, "40-64": 23, "65+": 11, "": 8},
}  # fmt: skip
DISTRICTS = {
    "boston": {"A1": 14, "A7": 7, "A15": 6, "B2": 16, "B3": 12, "C6": 9, "C11": 12, "D4": 12, "D14": 6, "E13": 6},
    "large_city": {"central": 25, "north": 20, "east": 20, "south": 20, "west": 15},
    "suburb": {"north": 40, "south": 40, "west": 20},
    "rural": {"north": 35, "east": 35, "south": 30},
    "campus": {"main": 50, "medical": 20, "residence": 30},
}
HARD_SHARE = 0.42
HARD = {
    ("yes", "yes"): ["no obvious words", "substance and psychiatric signs", "denied but contradicted",
                     "improvised weapon", "negation then danger", "implied intent with means",
                     "medical words around it", "professional disagrees with caller"],
    ("yes", "no"): ["no obvious words", "weapon negated", "means secured", "violence in the past",
                    "ideation without plan or means", "figure of speech about danger", "danger only in delusion",
                    "weapon carried not used", "medical words around it", "asked or unknown if armed"],
    ("no", "yes"): ["medical mimic", "nexus word as insult or figure of speech", "psychiatric history irrelevant",
                    "intoxication mimic", "nexus denied", "dementia or autism lost in danger",
                     "another person's condition",
                    "negation then danger", "improvised weapon", "grief or anger fitting the event"],
    ("no", "no"): ["figure of speech", "place or job with psychiatric words", "medical mimic", "weapon negated",
                   "weapon carried not used", "suspect gone", "replica, film or game", "history only",
                   "another person's condition", "intoxication mimic", "lost and calm", "claim withdrawn",
                   "grief or anger fitting the event"],
}  # fmt: skip
NO_NEXUS = [
    "theft", "noise", "traffic", "domestic", "fire", "medical", "overdose", "lost person", "animals", "parking",
    "alarm", "juveniles", "transit", "school", "workplace", "fraud", "weather", "misdial", "officer-initiated",
    "neighbour dispute", "assault", "robbery", "threats", "vandalism", "drunk", "trespass", "crash", "rescue",
]  # fmt: skip
NEXUS = [
    "suicidal words", "self-harm", "voices or delusions", "paranoia", "mania", "disorganised behaviour", "panic",
    "breakdown or despair", "off psychiatric medication", "known condition flaring", "welfare check for state of mind",
    "psychiatric transport or evaluation", "involuntary hold", "dementia crisis", "autism or disability crisis",
    "eating disorder or obsession", "trauma or flashback", "postpartum", "EDP by an officer's impression",
    "prolonged grief", "parent asks for a clinician",
]  # fmt: skip
# A patrol desk writes field reports after contacts, most of which begin with a stop or a radio call.
PATROL = {
    "registers": {"field_report": 1},
    "words": {"19-40": 25, "41-75": 40, "76-150": 35},
    "mentions": {"none": 15, "ambulance": 5, "police": 60, "both": 20},
    "negators": {"0": 20, "1": 30, "2+": 50},
    "no_nexus": [
        "officer-initiated stop", "traffic stop", "drug investigation", "removal or trespass",
        "robbery description match", "shots fired canvass", "person with a gun call",
        "person with a knife call", "fight call", "group loitering",
        "breaking and entering", "larceny or shoplifting", "gang area observation", "domestic call", "threats report",
        "warrant or records check", "vandalism", "overdose or drunk", "juveniles", "transit station", "assault report",
    ],
    "nexus": [
        "EDP call", "involuntary hold", "suicidal words", "voices or delusions", "off psychiatric medication",
        "disorganised behaviour", "transport for evaluation", "clinician on scene", "known condition flaring",
        "paranoia",
        "welfare check for state of mind", "breakdown or despair", "threats by a person in crisis", "mania",
    ],
    "hard": {
        ("yes", "yes"): ["no obvious words", "denied but contradicted", "weapon found on a person in crisis",
                         "substance and psychiatric signs", "threat made to officers here and now"],
        ("yes", "no"): ["weapon and violence only on the record", "frisked and clear",
                        "violence in the past",
                        "weapon secured before the contact", "danger only in delusion",
                        "ideation without plan or means"],
        ("no", "yes"): ["psychiatric history irrelevant", "intoxication mimic", "weapon recovered in this contact",
                        "victim names the weapon, suspect close by", "threat made here and now", "nexus denied"],
        ("no", "no"): ["weapon and violence only on the record", "frisked and clear",
                       "described person found and clear",
                       "claim withdrawn", "suspect gone long ago", "tool or pocketknife carried, not used",
                       "mental history on file, nothing seen today", "intoxication mimic", "replica or toy"],
    },
}  # fmt: skip
# A short desk writes one or two lines, most of them close cases: a rule of the codebook and little else to go by.
SHORT = {
    "words": {"6-12": 40, "13-20": 40, "21-30": 20},
    "negators": {"0": 45, "1": 40, "2+": 15},
    "mentions": {"none": 70, "ambulance": 10, "police": 15, "both": 5},
    "hard_share": 0.75,
    "hard": {
        ("yes", "yes"): ["implied intent with means", "negation then danger", "goodbye from somebody out of reach",
                         "overdose meant, now sorry", "denied but contradicted", "self-harm with the object in reach",
                         "improvised weapon", "substance and psychiatric signs",
                         "gun or blade in the home, wants to die",
                         "delusion and armed or attacking", "autism or dementia crisis hitting somebody",
                         "deadly place", "no obvious words"],
        ("yes", "no"): ["ideation without plan or means", "means secured", "danger only in delusion", "weapon negated",
                        "old attempt, worry now", "thoughts of harming that the person fears", "slow harm",
                        "officer's impression of the person now", "routine psychiatric transport",
                        "grief going on for weeks", "self-harm older, object removed", "burden or despair, no plan",
                        "subject denies, another gives a reason", "asked or unknown if armed",
                        "no obvious words"],
        ("no", "yes"): ["medical mimic in danger", "calm but lost in danger", "reckless driving or thin ice",
                        "specific threat here and now", "suspect says they are coming back", "victim names the weapon",
                        "negation then danger", "fire or gas set by somebody", "nexus word as insult, real violence",
                        "nexus denied, armed", "drunk and swinging an object", "suspect minutes away and armed",
                        "psychiatric history irrelevant, weapon out"],
        ("no", "no"): ["figure of speech", "replica, film or game", "place or job with psychiatric words",
                       "described person searched clean", "claim withdrawn", "suspect gone long ago",
                       "tool carried, not used", "hazard made by equipment", "medical mimic",
                       "reputation or old record only", "grief or anger of the first hours",
                       "quoted words of a song, show or child", "rude, nobody touched", "intoxication alone",
                       "lost and calm", "weapon secured, ordinary matter", "another person's condition"],
    },
}  # fmt: skip
DESKS = {"patrol": PATROL, "short": SHORT}
# Each contrast group is written as one situation with minimal edits; members differ in one label.
CONTRASTS = [
    [("yes", "yes"), ("no", "yes")], [("yes", "yes"), ("no", "yes")],
    [("yes", "no"), ("no", "no")], [("yes", "no"), ("no", "no")], [("yes", "no"), ("no", "no")],
    [("yes", "yes"), ("yes", "no")], [("yes", "yes"), ("yes", "no")],
    [("no", "yes"), ("no", "no")], [("no", "yes"), ("no", "no")],
    [("yes", "yes"), ("yes", "no"), ("no", "yes")],
    [("no", "no"), ("yes", "no"), ("no", "yes")],
]  # fmt: skip
INVARIANCE_SIZES = [2, 2, 3, 3]
COLUMNS = [
    "id", "batch", "city_type", "mh_nexus", "safety_risk", "register", "words", "case", "negators", "mentions",
    "remarks", "setting", "topic", "hard", "group_id", "group_kind", "district", *GROUPS,
]  # fmt: skip


def deck(shares: dict, count: int, rng: random.Random) -> list:
    """Return `count` values in shuffled order whose shares are as near `shares` as whole numbers allow."""
    total = sum(shares.values())
    exact = {value: count * share / total for value, share in shares.items()}
    cards = [value for value, quota in exact.items() for _ in range(int(quota))]
    # The left-over seats are drawn by their remainders, so that rare values appear in some batches.
    rest = list(exact)
    weights = [exact[value] - int(exact[value]) + 1e-9 for value in rest]
    cards += rng.choices(rest, weights, k=count - len(cards))
    rng.shuffle(cards)
    return cards


def units_of_batch(number: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield (kind, label combination of each member) for each situation to be written in one batch."""
    left = dict(COMBINATIONS)
    groups = [("contrast", members) for members in CONTRASTS]
    groups += [
        ("invariance", [list(COMBINATIONS)[(number + place) % 4]] * size) for place, size in enumerate(INVARIANCE_SIZES)
    ]
    for _, members in groups:
        for member in members:
            left[member] -= 1
    yield from groups
    for combination, count in left.items():
        yield from (("", [combination]) for _ in range(count))


def rows_of_batch(number: int, brief: dict, rng: random.Random) -> list[dict]:
    """Return the planned rows of one batch, in the order they are to be written."""
    units = list(units_of_batch(number))
    city = brief["city_type"]
    desk = DESKS.get(brief.get("desk"), {})
    hard_share = desk.get("hard_share", HARD_SHARE)
    hard_kinds = desk.get("hard", HARD)
    by_first = {combination: [u for u in units if u[1][0] == combination] for combination in COMBINATIONS}
    topics = {"yes": desk.get("nexus", NEXUS), "no": desk.get("no_nexus", NO_NEXUS)}
    planned = []
    for combination, members in by_first.items():
        count = len(members)
        registers = deck(desk.get("registers", REGISTERS), count, rng)
        decks = {
            "words": deck(desk.get("words", LENGTHS), count, rng),
            "negators": deck(desk.get("negators", NEGATORS), count, rng),
            "mentions": deck(desk.get("mentions", MENTIONS), count, rng),
            "setting": deck(SETTINGS, count, rng),
            "topic": deck(dict.fromkeys(topics[combination[0]], 1), count, rng),
            "hard": deck({True: hard_share, False: 1 - hard_share}, count, rng),
            "district": deck(DISTRICTS[city], count, rng),
            **{column: deck(shares, count, rng) for column, shares in GROUPS.items()},
        }
        for place, (kind, labels) in enumerate(members):
            shared = {column: values[place] for column, values in decks.items()}
            register = registers[place]
            shared |= {
                "register": register,
                "case": rng.choices(*zip(*CASES[register].items(), strict=True))[0],
                "remarks": rng.choices(*zip(*REMARKS.get(register, {0: 1}).items(), strict=True))[0],
            }
            planned.append((kind, labels, shared))
    rng.shuffle(planned)
    rows: list[dict] = []
    for unit, (kind, labels, shared) in enumerate(planned):
        for member in labels:
            row = dict(shared, batch=brief["batch"], city_type=city, mh_nexus=member[0], safety_risk=member[1])
            row["id"] = f"{brief['batch']}-{len(rows) + 1:03d}"
            row["group_id"] = f"{brief['batch']}-g{unit + 1:03d}" if kind else ""
            row["group_kind"] = kind
            hard = kind == "contrast" or (shared["hard"] and not kind)
            row["hard"] = (
                rng.choice(hard_kinds[member]) if hard and kind != "contrast" else ("contrast" if hard else "")
            )
            if kind == "contrast" and member != labels[0]:
                row["topic"] = f"as {rows[-1]['topic'].removeprefix('as ')}"
            if kind == "invariance":
                row |= {column: deck(shares, 1, rng)[0] for column, shares in GROUPS.items()}
                row["district"] = deck(DISTRICTS[city], 1, rng)[0]
            rows.append(row)
    return rows


def main() -> None:
    """Write plan.csv beside this script."""
    briefs = tomllib.loads((HERE / "briefs.toml").read_text(encoding="utf-8"))["brief"]
    rng = random.Random(SEED)
    with (HERE / "plan.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for number, brief in enumerate(briefs):
            # One generator a batch: adding a brief at the end leaves the earlier rows as they are.
            writer.writerows(rows_of_batch(number, brief, random.Random(rng.randrange(2**32))))


if __name__ == "__main__":
    main()
