import numpy as np

from callnexus.corpus.examples import Example
from callnexus.corpus.probes import group_features, probes, surface_features

RNG = np.random.default_rng(1)


def corpus(*, leak: str | None) -> list[Example]:
    """Return 300 examples whose labels are random, or are given away by length or by a group."""
    examples = []
    for number in range(300):
        yes = bool(RNG.integers(2))
        length = (30 if yes else 10) if leak == "length" else int(RNG.integers(10, 30))
        sex = ("female" if yes else "male") if leak == "group" else str(RNG.choice(["female", "male"]))
        examples.append(
            Example.model_validate(
                {
                    "id": str(number),
                    "narrative": " ".join(map(str, RNG.integers(0, 99, length))),
                    "mh_nexus": "yes" if yes else "no",
                    "safety_risk": "yes" if RNG.integers(2) else "no",
                    "batch": f"b{number % 6}",
                    "register": "notes",
                    "subject_sex": sex,
                }
            )
        )
    return examples


def verdicts(leak: str | None) -> dict[tuple[str, str], bool]:
    return {(probe.name, probe.label): probe.auc > 0.9 for probe in probes(corpus(leak=leak))}


def test_a_corpus_whose_length_gives_a_label_away_is_caught():
    assert verdicts("length")["surface", "mh_nexus"]
    assert not verdicts("length")["groups", "mh_nexus"]


def test_a_corpus_whose_groups_give_a_label_away_is_caught():
    assert verdicts("group")["groups", "mh_nexus"]


def test_random_labels_are_not_given_away():
    assert not any(verdicts(None).values())


def test_there_is_one_row_of_features_an_example():
    examples = corpus(leak=None)

    assert len(surface_features(examples)) == len(group_features(examples)) == 300
