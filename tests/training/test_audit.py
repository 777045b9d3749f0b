import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from callnexus.corpus.examples import Example, read_examples
from callnexus.errors import PredictionsError
from callnexus.model import Model
from callnexus.policy import shipped
from callnexus.report.page import fairness_page
from callnexus.training import audit
from callnexus.training.audit import ANOTHER_SYSTEM, SHOWN, Subject, report_document, subject_of, swaps_on
from callnexus.training.pipeline import Trained

DATA = Path(__file__).parents[2] / "data" / "authored" / "b01.jsonl"
COLUMNS = ("subject_sex", "register")


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return read_examples([DATA])


@pytest.fixture
def predictions(examples: list[Example], tmp_path: Path) -> Path:
    """A system that finds no risk with anybody but men, and knows the mental health nexus always."""
    path = tmp_path / "vendor.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "mh_nexus", "safety_risk"])
        for example in examples:
            found = example.subject_sex == "male" and example.safety_risk == "yes"
            writer.writerow([example.id, example.mh_nexus, "yes" if found else "no"])
    return path


@pytest.fixture(scope="module")
def document(trained: Trained, examples: list[Example]) -> dict:
    return report_document(
        subject_of(trained.folder, None, None), examples, data="d", columns=COLUMNS, other=trained.model,
        with_examples=True,
    )  # fmt: skip


def test_a_models_document_has_status_swaps_coverage_gates_and_the_comparison(document: dict, trained: Trained):
    assert document["status"] == "demonstration"
    assert document["gates"] == trained.model.manifest["notes"]["gates"]
    assert document["comparison"]["model"] == trained.model.version
    assert document["swaps"]["narratives"] == document["examples"] == 130
    assert {row["column"] for row in document["coverage"]} == {"all", *COLUMNS}
    assert {row["column"] for row in document["rows"]} == {"all", *COLUMNS}
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_page_is_made_of_the_whole_document(document: dict):
    assert "subject" in fairness_page(document).lower()


def test_coverage_without_a_case_is_no_rate(trained: Trained, examples: list[Example]):
    unlabelled = [example.model_copy(update={"safety_risk": None}) for example in examples]

    found = report_document(subject_of(trained.folder, None, None), unlabelled, data="d", columns=COLUMNS)

    rates = {row["label"]: row["coverage"] for row in found["coverage"] if row["column"] == "all"}
    assert rates["safety_risk"] is rates["both"] is None
    assert rates["mh_nexus"]["cases"] == 130
    assert found["parity"]["parity_only"]


def test_another_system_has_no_swaps_and_says_why(predictions: Path, examples: list[Example]):
    subject = subject_of(None, predictions, None)

    document = report_document(subject, examples, data="d", columns=COLUMNS)

    assert "swaps" not in document
    assert "predictions only" in subject.unswappable
    assert (document["status"], document["model"]) == (ANOTHER_SYSTEM, "vendor.csv")
    assert document["examples_shown"] == document["gates"] == []


def test_without_spacy_no_identities_are_swapped(
    trained: Trained, examples: list[Example], monkeypatch: pytest.MonkeyPatch
):
    subject = subject_of(trained.folder, None, None)
    monkeypatch.setattr(audit, "find_spec", lambda name: None)

    document = report_document(subject, examples[:20], data="d", columns=COLUMNS)

    assert "swaps" not in document
    assert "callnexus[train]" in subject.unswappable


def test_errors_are_shown_of_the_group_that_fares_worst_redacted(predictions: Path, examples: list[Example]):
    called = [example.model_copy(update={"narrative": f"{example.narrative} 617-555-0123"}) for example in examples]

    shown = report_document(subject_of(None, predictions, None), called, data="d", columns=COLUMNS, with_examples=True)[
        "examples_shown"
    ]

    assert {(row["group"], row["label"], row["kind"]) for row in shown} == {
        ("subject_sex: female", "safety_risk", "missed")
    }
    assert len(shown) == SHOWN
    assert all("[phone]" in row["text"] and "0123" not in row["text"] for row in shown)


def test_the_surest_errors_are_shown_first(predictions: Path, examples: list[Example]):
    with predictions.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    women = {e.id for e in examples if e.subject_sex == "female" and e.safety_risk == "yes"}
    surest = [row["id"] for row in rows if row["id"] in women][-SHOWN:]
    for row in rows:
        row["safety_risk_probability"] = str(0.1 + surest.index(row["id"]) / 100) if row["id"] in surest else "0.4"
    with predictions.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    called = [example.model_copy(update={"narrative": f"call {example.id}"}) for example in examples]

    document = report_document(
        subject_of(None, predictions, None), called, data="d", columns=COLUMNS, with_examples=True
    )

    assert [row["text"] for row in document["examples_shown"]] == [f"call {name}" for name in surest]


def test_a_model_and_predictions_at_once_are_refused(trained: Trained, predictions: Path):
    with pytest.raises(PredictionsError, match="leave one of them out"):
        subject_of(trained.folder, predictions, None)


def test_predictions_that_do_not_fit_the_examples_are_refused(predictions: Path, examples: list[Example]):
    subject = Subject("vendor.csv", ANOTHER_SYSTEM, shipped(), predictions=predictions)

    with pytest.raises(PredictionsError, match="no example has it"):
        report_document(subject, examples[1:], data="d")


def test_of_many_narratives_some_at_even_distances_are_swapped(model: Model, examples: list[Example]):
    sir = [
        example.model_copy(update={"narrative": f"W/M W/ AN UMBRELLA, number {i}"})
        for i, example in enumerate(examples)
    ]

    found = swaps_on(model, sir, most=10)

    assert found["narratives"] == 10
    places = {case["narrative"] for row in found["rows"] for case in row["worst"]}
    assert places == set(np.linspace(0, 129, 10).astype(int).tolist())


def test_a_model_whose_manifest_holds_no_gates_has_none_in_its_report(model: Model, examples: list[Example]):
    bare = replace(model, manifest={"notes": {}})

    document = report_document(Subject("m", "candidate", bare.policy, bare), examples[:20], data="d", columns=COLUMNS)

    assert document["gates"] == []
