import re
from dataclasses import replace

import numpy as np
import pytest

from callnexus import policy
from callnexus.features import FeatureSpec
from callnexus.labels import LABELS
from callnexus.lexicon import Concept, Cue, Lexicon
from callnexus.model import Thresholds
from callnexus.model_folder import Parts
from callnexus.report.card import model_card
from callnexus.sufficiency import KNOWN_BITS, Sufficiency

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


def test_document_without_groups_still_has_a_card(parts, document):
    alone = document | {"rows": [row for row in document["rows"] if row["column"] == "all"], "gaps": []}

    card = model_card(parts, alone)

    assert "no group could be compared" in card
    assert "None to name" in card
