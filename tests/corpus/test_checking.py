from pathlib import Path

import pytest

from callnexus.corpus.checking import check_corpus
from callnexus.corpus.examples import Example, read_examples

ROOT = Path(__file__).parents[2]
REGISTERS = ("dispatch", "notes", "transcript", "field_report", "referral")


@pytest.fixture(scope="module")
def corpus() -> list[Example]:
    return read_examples([ROOT / "data" / "authored"])


def test_the_shipped_corpus_has_nothing_to_mend(corpus: list[Example]):
    report = check_corpus(corpus)

    assert report.complaints == []
    assert report.to_dict()["passed"]


def test_the_shipped_corpus_is_as_broad_as_promised(corpus: list[Example]):
    n = len(corpus)
    kinds = [example.group_kind for example in corpus]
    registers = [example.register_ for example in corpus]

    assert n >= 4000
    assert kinds.count("contrast") >= 700
    assert kinds.count("invariance") >= 300
    assert sum(example.hard is not None for example in corpus) >= 0.4 * n
    assert min(registers.count(name) for name in REGISTERS) >= 0.12 * n
    assert sum(len(example.votes) > 1 for example in corpus) >= 0.25 * n
    assert all(len(example.votes) > 1 for example in corpus if example.group_kind == "contrast")


def test_labels_of_a_contrast_group_differ_from_its_first_member_in_exactly_one(corpus: list[Example]):
    groups: dict[str, list[Example]] = {}
    for example in corpus:
        if example.group_kind == "contrast":
            groups.setdefault(example.group_id, []).append(example)

    for members in groups.values():
        first, *others = members
        assert others
        for other in others:
            differs = [first.mh_nexus != other.mh_nexus, first.safety_risk != other.safety_risk]
            assert sum(differs) == 1, first.group_id


def test_labels_of_an_invariance_group_are_the_same(corpus: list[Example]):
    labels: dict[str, set[tuple[str | None, str | None]]] = {}
    for example in corpus:
        if example.group_kind == "invariance":
            labels.setdefault(example.group_id, set()).add((example.mh_nexus, example.safety_risk))

    assert all(len(found) == 1 for found in labels.values())


def test_a_copied_narrative_and_a_shared_run_are_complaints(corpus: list[Example]):
    one, other = corpus[0], next(example for example in corpus if example.batch != corpus[0].batch)
    copied = other.model_copy(update={"id": "copy", "narrative": one.narrative, "group_id": None})

    report = check_corpus([*corpus[:300], copied])

    assert any("copy" in line and "near-identical" in line for line in report.complaints)
    assert any("copy" in line and "run of six words" in line for line in report.complaints)
    assert not any(one.narrative[:30] in line for line in report.complaints)
