import pytest
from sklearn.metrics import cohen_kappa_score

from callnexus.corpus.agreement import agreement
from callnexus.corpus.examples import Example


def example(number: int, *votes: str | None, **fields: str) -> Example:
    row = {
        "id": str(number),
        "narrative": "text",
        "mh_nexus": "no",
        "safety_risk": None,
        "batch": "b",
        "register": "notes",
    }
    names = {f"v{place}": {"mh_nexus": vote} for place, vote in enumerate(votes)}
    return Example.model_validate(row | {"votes": names} | fields)


def test_kappa_and_alpha_of_two_annotators():
    first, second = "yyyynnnnyn", "yyynnnnnyy"
    answer = {"y": "yes", "n": "no"}
    examples = [example(i, answer[a], answer[b]) for i, (a, b) in enumerate(zip(first, second, strict=True))]

    found = agreement(examples)[0]

    assert (found.part, found.label, found.pairs, found.same) == ("all", "mh_nexus", 10, 0.8)
    assert found.kappa == pytest.approx(cohen_kappa_score(list(first), list(second)))
    assert found.alpha == pytest.approx(0.62)


def test_agreement_that_chance_alone_would_give_is_undefined():
    found = agreement([example(1, "yes", "yes"), example(2, "yes", "yes")])[0]

    assert (found.same, found.kappa, found.alpha) == (1.0, None, None)


def test_unclear_votes_and_the_third_reading_are_no_pair():
    votes = {"a": {"mh_nexus": "yes"}, "b": {"mh_nexus": None}, "settled": {"mh_nexus": "no"}}

    found = agreement([example(1).model_copy(update={"votes": Example.model_validate(
        example(1).model_dump(by_alias=True) | {"votes": votes}).votes})])[0]  # fmt: skip

    assert (found.examples, found.pairs, found.adjudicated) == (1, 0, 1)


def test_agreement_is_told_by_register_and_batch_too():
    found = agreement([example(1, "yes", "no"), example(2, "no", "no", register="dispatch", batch="c")])

    assert [row.part for row in found[::2]] == ["all", "register dispatch", "register notes", "batch b", "batch c"]
