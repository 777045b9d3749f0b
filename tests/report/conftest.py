import numpy as np
import pytest

from callnexus.evaluation.fairness import fairness_document
from callnexus.evaluation.judged import Judged
from callnexus.evaluation.routing import Routing
from callnexus.labels import LABEL_NAMES

MALICIOUS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "$x^2$ | `a` *b* [c](d) \u4e2d\u6587 \u202e\x00",
)


def make_document(*, groups: dict[str, list[str | None]], model: str = "callnexus-0.0.1", data: str = "a test split"):
    """Return the document of 240 examples whose errors follow from their place: the same every time."""
    n = 240
    place = np.arange(n)
    truth = np.stack([place % 2, place % 3 == 0], axis=1).astype(float)
    truth[::40] = np.nan
    probability = np.where(np.nan_to_num(truth) == 1, 0.8, 0.2)
    probability[place % 7 == 0] = 0.6
    probability[place % 11 == 0] = 0.4
    said = np.where(probability >= 0.5, "yes", "no").astype(object)
    said[probability == 0.4] = "unsure"
    both, review = (said == "yes").all(axis=1), (said == "unsure").any(axis=1)
    needed = truth.prod(axis=1)
    judged = Judged(
        ids=[str(i) for i in range(n)],
        truth=truth,
        probability=probability,
        decisions={name: said[:, i] for i, name in enumerate(LABEL_NAMES)},
        responses=np.where(both, "co_response", "standard").astype(object),
        needed=[None if np.isnan(need) else "co_response" if need else "standard" for need in needed],
        reported=["co_response"],
        routing=Routing(needed, both.astype(float), needed, both.astype(float), truth[:, 0], review),
        groups=groups,
        thresholds=dict.fromkeys(LABEL_NAMES, 0.5),
        dates=[None] * n,
    )
    return fairness_document(judged, model=model, data=data)


@pytest.fixture(scope="session")
def document():
    """Return a document with a column of two large groups, one of many small ones, and one of a single group."""
    return make_document(
        groups={
            "subject_sex": ["female", "male", "male"] * 80,
            "district": [*[f"D{i}" for i in range(30)], *["B2"] * 90, *["C6"] * 110, *[None] * 10],
            "caller_language": ["english"] * 240,
        }
    )


@pytest.fixture(scope="session")
def malicious():
    """Return a document whose every string from data tries to break out of the page."""
    return make_document(
        groups={"<b>column": [*[MALICIOUS[0]] * 100, *[MALICIOUS[1]] * 100, *[MALICIOUS[2]] * 40]},
        model=MALICIOUS[0],
        data=MALICIOUS[1],
    )
