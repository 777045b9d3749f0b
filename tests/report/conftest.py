import numpy as np
import pandas as pd
import pytest

from callnexus.evaluation.groups import Outcome, group_rows
from callnexus.evaluation.metrics import label_metrics, reliability
from callnexus.labels import LABEL_NAMES
from callnexus.training.assessment import Assessment, fairness_document

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
    outcomes = [
        Outcome(name, truth[:, i], probability[:, i] >= 0.5, probability[:, i] == 0.4)
        for i, name in enumerate(LABEL_NAMES)
    ]
    both = Outcome("co_response", truth.prod(axis=1), (probability >= 0.5).all(axis=1), outcomes[0].review)
    known = ~np.isnan(truth[:, 0])
    assessment = Assessment(
        truth,
        probability,
        pd.DataFrame(),
        {name: label_metrics(truth[:, i], probability[:, i], threshold=0.5) for i, name in enumerate(LABEL_NAMES)},
        group_rows([*outcomes, both], groups),
        {name: reliability(truth[known, i] == 1, probability[known, i]) for i, name in enumerate(LABEL_NAMES)},
    )
    return fairness_document(assessment, model=model, data=data)


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
