import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from callnexus import Model, Response
from callnexus.prediction_panel import MARKED, marked, show_prediction

TEXT = "Son on the roof says he will jump \x1b[31m, off his meds and hearing voices"


def shown(model: Model, text: str, *, terminal: bool = False) -> str:
    out = Console(file=io.StringIO(), width=100, force_terminal=terminal, color_system=None, highlight=False)
    show_prediction(out, text, model.predict(text), model.thresholds)
    return out.file.getvalue()


def test_the_listed_numbers_add_up_to_the_score(model: Model):
    told = shown(model, TEXT)

    blocks = re.split(r"log-odds", told)[1:]
    assert len(blocks) == 2
    for block in blocks:
        numbers = [float(number) for number in re.findall(r" ([+-]\d+\.\d\d) ", block)]
        assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.005 * len(numbers))
        assert "starting point" in block
    assert "+0.00" not in told
    assert "_" not in told.partition("log-odds")[2].partition("mh_nexus:")[0]


def test_the_thresholds_stand_beside_the_probability(model: Model):
    told = shown(model, TEXT)

    assert f"{model.thresholds['mh_nexus'].yes_from:.2f}" in told
    assert "yes from" in told


def test_away_from_a_terminal_evidence_is_bracketed_and_the_legend_says_so(model: Model):
    told = shown(model, TEXT)

    assert "[+words+]: speaks for the label" in told
    assert re.search(r"safety_risk: .*\[\+[^]]+\+\]", told)
    assert "\x1b" not in told


def test_on_a_terminal_evidence_is_styled(model: Model):
    assert "[+" not in shown(model, TEXT, terminal=True)
    assert "underlined" in shown(model, TEXT, terminal=True)


def test_only_strong_pieces_are_marked(model: Model):
    prediction = model.predict(TEXT)
    weak = replace(prediction, evidence=tuple(replace(e, weight=MARKED - 0.01) for e in prediction.evidence))

    assert "[" not in marked(TEXT, weak, "safety_risk", styled=False).plain.replace("[31m", "")


def test_what_is_not_judged_says_that_the_ordinary_protocol_goes_on(model: Model):
    told = re.sub(r"[\s\u2502]+", " ", shown(model, "help"))

    assert model.predict("help").provisional is Response.STANDARD
    assert "not judged; until it is read the ordinary protocol (police, fire or EMS as usual) goes on" in told
    assert "less harmful" not in told
    assert "log-odds" not in told
