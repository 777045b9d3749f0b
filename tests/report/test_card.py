import re
from dataclasses import replace

import numpy as np
import pytest
from tests.report.conftest import make_document

from callnexus import policy
from callnexus.features import FeatureSpec
from callnexus.labels import LABELS
from callnexus.lexicon import Concept, Cue, Lexicon
from callnexus.model import Thresholds
from callnexus.model_folder import Parts
from callnexus.report.card import model_card
from callnexus.sufficiency import KNOWN_BITS, Sufficiency
from callnexus.training.gates import Gate

POLICY = """
name = "test_policy"
[responses]
"yes yes" = "co_response"
"yes no" = "ems_clinician"
"no yes" = "standard"
"no no" = "standard"
[review]
"yes unclear" = "co_response"
"unclear yes" = "co_response"
"unclear no" = "standard"
"no unclear" = "standard"
"unclear unclear" = "standard"
"""
SECTIONS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
    "Map to the EU AI Act",
]


@pytest.fixture(scope="module")
def parts(document):
    return Parts(
        name="callnexus",
        release="0.0.1",
        spec=FeatureSpec(bits=4, pair_bits=4),
        lexicon=Lexicon((Concept("gun", "weapon", "a firearm"),), (Cue("gun", "pistol"),), ()),
        weights=np.zeros((49, 2), np.float32),
        intercepts=np.zeros(2),
        thresholds={label.name: Thresholds(yes_from=0.6, no_below=0.25) for label in LABELS},
        policy=POLICY,
        sufficiency=Sufficiency(3, np.ones(1 << KNOWN_BITS, np.bool_), 0.25),
        notes={
            "libraries": {"numpy": "2.1.0"},
            "calibration": {"mh_nexus": {"method": "sigmoid", "slope": 1.23456, "intercept": -0.5}},
            "data": {
                "training": {"examples": 1200, "batches": ["b01", "b02"], "sha256": "ab" * 32},
                "test": {"examples": 240, "batches": ["b03"], "sha256": "cd" * 32},
            },
            "metrics": {
                "test": document["metrics"],
                "out_of_fold": {"mh_nexus": document["metrics"]["mh_nexus"] | {"auc": None}},
            },
        },
    )


def test_sections_stand_in_the_order_of_model_cards(parts, document):
    card = model_card(parts, document)

    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == SECTIONS
    assert card.startswith("# Model card: callnexus-0.0.1\n")


def test_card_says_that_the_dispatcher_decides_and_that_it_must_be_approved_locally(parts, document):
    card = model_card(parts, document)

    assert "the dispatcher decides" in card
    assert "must be adapted, measured and approved locally" in card
    assert "synthetic" in card


def test_numbers_have_three_decimals_and_missing_ones_are_not_measured(parts, document):
    card = model_card(parts, document)
    auc = f"{document['metrics']['mh_nexus']['auc']:.3f}"

    assert re.search(rf"^\| AUC \| {auc} \| \d\.\d{{3}} \| not measured \| not measured \|$", card, re.MULTILINE)
    assert "| mental health nexus | sigmoid | 1.235 | -0.500 | 0.600 | 0.250 |" in card
    assert "| safety risk | not recorded | not measured | not measured | 0.600 | 0.250 |" in card


def test_data_are_named_by_split_count_batch_and_hash(parts, document):
    card = model_card(parts, document)

    assert f"| training | 1,200 | b01 and b02 | `{'ab' * 32}` |" in card
    assert f"| test | 240 | b03 | `{'cd' * 32}` |" in card


def test_policy_and_labels_are_told(parts, document):
    card = model_card(parts, document)

    assert all(label.definition in card for label in LABELS)
    assert f"| yes no | {'EMS with a clinician'} |" in card
    assert policy.parse(POLICY).name in card


def test_every_row_of_a_table_has_the_cells_of_its_head(parts, document):
    card = model_card(parts, document)

    for table in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1
        assert len(table.splitlines()) > 2


def test_same_parts_give_the_same_card_without_a_date(parts, document):
    card = model_card(parts, document)

    assert card == model_card(parts, document)
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", card)


def test_names_from_data_never_become_markup(parts, malicious):
    batches = ["<img src=x>", "a|b", "[x](y)", "line\n## break", "_b_ *c*"]
    notes = parts.notes | {"data": {"training": {"examples": 1, "batches": batches, "sha256": "`<i>`"}}}

    card = model_card(replace(parts, notes=notes), malicious)

    assert "<" not in card
    assert "\n## break" not in card
    assert r"a\|b, \[x\](y), line \#\# break and \_b\_ \*c\*" in card
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == SECTIONS


def test_notes_that_say_nothing_are_not_recorded(parts, document):
    card = model_card(replace(parts, notes={}), document)

    assert "Not recorded." in card
    assert "Split not recorded." in card
    assert "| AUC | not measured | not measured | not measured | not measured |" in card


def test_status_says_whether_the_model_may_ever_be_approved(parts, document):
    demonstration = model_card(replace(parts, status="demonstration"), document)
    candidate = model_card(parts, document)

    assert "Status: **a demonstration, which may never be approved for real calls**." in demonstration
    assert "Status: **a candidate, which a reviewer has to decide on**." in candidate


def test_waived_gates_stand_under_their_waiver_and_a_missing_figure_is_not_enough_cases(parts, rich):
    waiver = {"by": "Ann Example", "date": "2026-01-01", "reason": "Measured again in May."}
    gates = [
        Gate("behaviour.typos", None, 0.9, 0.8, passed=True),
        Gate("fairness.flip_rate.mh_nexus", "swap: name", None, 0.05, passed=False, waiver=waiver),
        Gate("behaviour.insults", None, 0.5, 0.8, passed=False, waiver=waiver),
    ]
    noted = replace(parts, notes=parts.notes | {"gates": [gate.to_dict() for gate in gates]})

    card = model_card(noted, rich)
    section = card.partition("### Gates\n")[2].partition("\n### ")[0]

    assert "1 of 3 limits" in section
    assert section.count("Waived by Ann Example on 2026-01-01: Measured again in May.") == 1
    assert "- fairness.flip_rate.mh_nexus (swap: name): not enough cases, limit 0.050" in section
    assert "- behaviour.insults: 0.500, limit 0.800" in section
    assert "not measured" not in section


def test_groups_are_compared_alone_and_where_two_columns_meet(parts, rich):
    card = model_card(parts, rich)

    assert re.search(r"^\| district \| safety risk \| miss rate \| \d+\.\d \| ", card, re.MULTILINE)
    meeting = card.partition("### Largest disparities where two columns meet\n")[2].partition("\n### ")[0]
    assert re.search(r"^1\. .* where subject sex . district is ", meeting, re.MULTILINE)
    assert "| sex and gender | mental health nexus | 30 | 2 |" in card


def test_what_was_checked_and_what_was_not_follows_from_the_document(parts, document, rich):
    bare, full = model_card(parts, document), model_card(parts, rich)

    checked = "pairs of columns, routing harm, other thresholds, calibration within groups"
    assert f"Also checked, in `fairness.html`: {checked[: checked.rindex(', ')]} and calibration within groups." in bare
    assert f"Also checked, in `fairness.html`: {checked}, identity swaps and change over time." in full
    assert "- Identity swaps: no narrative was tried" in bare
    assert "- Identity swaps: no narrative was tried" not in full


def test_fitting_is_told_as_the_experiment_set_it(parts, document):
    fit = {"inverse_regularisation": 1.5, "naive_bayes": 0.5, "hard_weight": 0.25}

    def told(base: str | None) -> str:
        experiment = {"fit": fit, "model": {"base": base}}
        return model_card(replace(parts, notes=parts.notes | {"experiment": experiment}), document)

    assert "inverse regularisation 1.5, features scaled by the log-count ratio to the power 0.5" in told(None)
    assert "with the score of models/x as one more feature" in told("models/x")
    assert "log-count" not in told("models/x")


def test_every_article_from_9_to_15_is_mapped_without_a_claim_of_conformity(parts, document):
    card = model_card(parts, document)
    section = card.partition("## Map to the EU AI Act\n")[2]

    assert re.findall(r"^\| (\d+), ", section, re.MULTILINE) == [str(number) for number in range(9, 16)]
    assert "no claim of conformity" in section
    assert "Annex III, 5(d)" in section


def test_document_without_groups_still_has_a_card(parts):
    card = model_card(parts, make_document(groups={}))

    assert "no group could be compared" in card
    assert card.count("None to name") == 2
    assert "None: no column has two groups with enough cases." in card
