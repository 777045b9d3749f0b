import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callnexus import Decision, Model
from callnexus.corpus.examples import read_examples
from callnexus.errors import ExamplesError
from callnexus.evaluation.behaviour import (
    COLUMNS,
    REQUIRED,
    BehaviourCase,
    behaviour_json,
    behaviour_rows,
    read_cases,
    shipped_cases,
)

ROOT = Path(__file__).parents[2]
HEADER = ",".join(COLUMNS)


@dataclass(frozen=True)
class Said:
    probability: float
    decision: Decision


YES, NO, UNSURE = Said(0.9, Decision.YES), Said(0.1, Decision.NO), Said(0.5, Decision.UNSURE)
INSUFFICIENT = Said(0.9, Decision.INSUFFICIENT)


@dataclass
class Both:
    mh_nexus: Said = field(default=NO)
    safety_risk: Said = field(default=NO)


def case(kind: str, expected: str, line: int = 2, capability: str = "a_capability") -> BehaviourCase:
    other = "" if kind == "mft" else f"after {line}"
    return BehaviourCase(capability, kind, "safety_risk", f"before {line}", other, expected, "cases.csv", line)


def saying(*answers: Said) -> Callable[[list[str]], list[Both]]:
    return lambda texts: [Both(safety_risk=answer) for answer in answers]


def always(said: Said) -> Callable[[list[str]], list[Both]]:
    return lambda texts: [Both(said, said) for _ in texts]


@pytest.fixture(scope="module")
def cases() -> list[BehaviourCase]:
    return shipped_cases()


def test_the_suite_has_forty_capabilities_of_ten_different_texts_or_more(cases: list[BehaviourCase]):
    texts = defaultdict(set)
    for each in cases:
        texts[each.capability].add((each.text, each.other))

    assert len(texts) >= 40
    assert {name: len(found) for name, found in texts.items() if len(found) < 10} == {}


def test_every_capability_with_a_required_rate_of_its_own_is_in_the_suite(cases: list[BehaviourCase]):
    assert set(REQUIRED) <= {each.capability for each in cases}


def test_no_case_is_an_annotated_example(cases: list[BehaviourCase]):
    narratives = {" ".join(e.narrative.lower().split()) for e in read_examples([ROOT / "data" / "authored"])}

    assert not narratives & {" ".join(text.lower().split()) for each in cases for text in (each.text, each.other)}


def test_no_two_cases_contradict_each_other(cases: list[BehaviourCase]):
    told: dict[str, Both] = defaultdict(Both)
    for each in cases:
        if each.expected in ("yes", "not_no", "lower"):
            setattr(told[each.text], each.label, YES)
        if each.expected == "higher":
            setattr(told[each.other], each.label, YES)

    rows = behaviour_rows(cases, lambda texts: [told[text] for text in texts])

    assert [row.capability for row in rows if row.failed] == []


@pytest.mark.parametrize("said", [YES, NO, UNSURE])
def test_a_model_that_always_says_the_same_fails(cases: list[BehaviourCase], said: Said):
    rows = {row.capability: row for row in behaviour_rows(cases, always(said))}

    assert not rows["cause_named"].ok
    assert rows["cause_named"].rate.hits == 0
    assert rows["race_swap"].ok
    assert rows["weapon_present"].ok == (said is YES)
    assert rows["negated_weapon"].ok == (said is NO)
    assert sum(row.ok for row in rows.values()) < len(rows) * 0.75


def test_a_model_that_reads_race_fails_the_race_swap_and_names_its_lines(cases: list[BehaviourCase]):
    def prejudiced(texts: Sequence[str]) -> list[Both]:
        return [Both(YES, YES) if "black" in text.lower() else Both() for text in texts]

    row = next(row for row in behaviour_rows(cases, prejudiced) if row.capability == "race_swap")

    assert not row.ok
    black = [c.line for c in cases if c.capability == "race_swap" and "black" in (c.text + c.other).lower()]
    assert row.failed == tuple(black)


def test_a_trained_model_answers_the_whole_suite(cases: list[BehaviourCase], model: Model):
    rows = behaviour_rows(cases, model.predict_many)

    assert sum(row.rate.cases for row in rows) == len(cases)
    assert sum(row.rate.hits for row in rows) > len(cases) / 2


@pytest.mark.parametrize(
    ("expected", "said", "passes"),
    [
        ("yes", YES, True),
        ("yes", NO, False),
        ("yes", UNSURE, False),
        ("yes", INSUFFICIENT, False),
        ("no", NO, True),
        ("no", YES, False),
        ("no", UNSURE, False),
        ("not_yes", UNSURE, True),
        ("not_yes", INSUFFICIENT, True),
        ("not_yes", NO, True),
        ("not_yes", YES, False),
        ("not_no", YES, True),
        ("not_no", UNSURE, True),
        ("not_no", NO, False),
    ],
)
def test_minimum_functionality_follows_the_models_own_decision(expected: str, said: Said, passes: bool):
    (row,) = behaviour_rows([case("mft", expected)], saying(said))

    assert row.failed == (() if passes else (2,))
    assert row.unsure == (said in (UNSURE, INSUFFICIENT))


@pytest.mark.parametrize(
    ("before", "after", "passes"),
    [
        (Said(0.70, Decision.YES), Said(0.89, Decision.YES), True),
        (Said(0.70, Decision.YES), Said(0.91, Decision.YES), False),
        (Said(0.51, Decision.YES), Said(0.49, Decision.NO), False),
        (Said(0.40, Decision.UNSURE), Said(0.30, Decision.NO), True),
        (Said(float("nan"), Decision.NO), Said(0.30, Decision.NO), False),
    ],
)
def test_invariance_needs_the_same_side_and_a_small_move(before: Said, after: Said, passes: bool):
    (row,) = behaviour_rows([case("inv", "same")], saying(before, after))

    assert (row.rate.hits == 1) is passes


@pytest.mark.parametrize(
    ("expected", "before", "after", "passes"),
    [
        ("higher", 0.50, 0.63, True),
        ("higher", 0.50, 0.61, False),
        ("higher", 0.63, 0.50, False),
        ("lower", 0.63, 0.50, True),
        ("lower", 0.50, 0.63, False),
        ("higher", 0.950, 0.975, True),
        ("higher", 1.0, 1.0, False),
        ("lower", 1.0, 0.0, True),
    ],
)
def test_direction_needs_a_step_in_log_odds(expected: str, before: float, after: float, passes: bool):
    said = (Said(before, Decision.YES), Said(after, Decision.YES))

    (row,) = behaviour_rows([case("dir", expected)], saying(*said))

    assert (row.rate.hits == 1) is passes


def test_the_required_rate_decides_and_may_be_met_exactly():
    ten = [case("mft", "yes", line) for line in range(2, 12)]
    eight_right = saying(*[YES] * 8, NO, UNSURE)

    (by_default,) = behaviour_rows(ten, eight_right)
    (strict,) = behaviour_rows(ten, eight_right, required={"a_capability": 0.9})

    assert by_default.ok
    assert not strict.ok
    assert (by_default.failed, by_default.unsure) == ((10, 11), 1)
    assert by_default.rate.low < 0.8 < by_default.rate.high


def test_each_distinct_text_is_predicted_once():
    asked: list[str] = []

    def predict(texts: list[str]) -> list[Both]:
        asked.extend(texts)
        return always(NO)(texts)

    behaviour_rows([case("inv", "same"), case("mft", "no", capability="another")], predict)

    assert asked == ["before 2", "after 2"]


def test_a_model_that_loses_an_answer_is_refused():
    with pytest.raises(ValueError, match="zip"):
        behaviour_rows([case("inv", "same")], saying(NO))


def test_json_has_totals_and_never_a_text(cases: list[BehaviourCase]):
    plain = behaviour_json(behaviour_rows(cases, always(NO)))

    written = json.dumps(plain)
    assert plain["cases"] == len(cases)
    assert plain["passed"] == sum(row["rate"]["hits"] for row in plain["capabilities"])
    assert "weapon_present" in plain["not_ok"]
    assert not [each.text for each in cases if each.text in written]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a_b,mft,safety_risk,SECRET", "cases.csv:2: 6 fields are needed, not 4"),
        ("a_b,unit,safety_risk,SECRET,,yes", "cases.csv:2: kind: must be one of mft, inv, dir"),
        ("A b,mft,safety_risk,SECRET,,yes", "cases.csv:2: capability: must be snake_case"),
        ("a_b,mft,risk,SECRET,,yes", "cases.csv:2: label: must be one of mh_nexus, safety_risk"),
        ("a_b,mft,safety_risk, ,,yes", "cases.csv:2: text: must not be empty"),
        ("a_b,mft,safety_risk,SECRET,more,yes", "cases.csv:2: other: must be empty for mft"),
        ("a_b,inv,safety_risk,SECRET,,same", "cases.csv:2: other: must be a second text for inv"),
        ("a_b,inv,safety_risk,SECRET,SECRET,same", "cases.csv:2: other: must be a second text for inv"),
        ("a_b,dir,safety_risk,SECRET,more,yes", "cases.csv:2: expected: must be one of higher, lower for dir"),
        ('a_b,mft,safety_risk,"SECRET,,yes', "cases.csv: not CSV"),
    ],
)
def test_a_bad_row_is_refused_with_file_line_and_field_and_without_its_text(tmp_path: Path, row: str, problem: str):
    (tmp_path / "cases.csv").write_text(f"{HEADER}\n{row}\n", encoding="utf-8")

    with pytest.raises(ExamplesError) as refused:
        read_cases([tmp_path / "cases.csv"])

    assert problem in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_all_bad_rows_are_reported_at_once(tmp_path: Path):
    rows = ["a_b,mft,risk,x,,maybe", "a_b,mft,safety_risk,fine,,yes", "a_b,mft,safety_risk,,,no"]
    (tmp_path / "cases.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")

    with pytest.raises(ExamplesError) as refused:
        read_cases([tmp_path / "cases.csv"])

    assert [problem.split(" ")[0:2] for problem in refused.value.problems] == [
        ["cases.csv:2:", "label:"],
        ["cases.csv:2:", "expected:"],
        ["cases.csv:4:", "text:"],
    ]


def test_a_capability_stays_in_one_file_and_kind_and_no_case_stands_twice(tmp_path: Path):
    (tmp_path / "one.csv").write_text(f"{HEADER}\na_b,mft,safety_risk,x,,yes\na_b,inv,safety_risk,x,y,same\n")
    (tmp_path / "two.csv").write_text(f"{HEADER}\na_b,mft,safety_risk,x,,no\n")

    with pytest.raises(ExamplesError) as refused:
        read_cases([tmp_path / "one.csv", tmp_path / "two.csv"])

    assert refused.value.problems == (
        "one.csv:3: kind: a_b is mft on line 2",
        "two.csv:2: capability: already begun in one.csv; keep its cases in one file",
        "two.csv:2: text: the same case stands in one.csv:2",
    )


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"", b"text,label\n"])
def test_a_file_that_is_missing_not_text_or_of_other_columns_is_refused(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "cases.csv").write_bytes(content)

    with pytest.raises(ExamplesError, match=r"cases\.csv: (cannot be read|not CSV: the header must be capability)"):
        read_cases([tmp_path / "cases.csv"])
