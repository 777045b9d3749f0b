import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callnexus.narrative import FIRST_LETTER, normalise
from tests.texts import narratives


def normal(text: str) -> str:
    return bytes(normalise([text]).codes).decode("latin-1")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("RP STS male,  30s", ".rp sts male,30s."),
        ("don't / dont", ".dont dont."),
        ("s/12 // UPD", ".s 12.upd."),
        ("weapons?  none", ".weapons/none."),
        ("Él está loco", ".el esta loco."),
        ("", "."),
    ],
)
def test_case_accents_apostrophes_and_runs_of_separators_are_folded(written: str, read: str):
    assert normal(written) == read


def test_letters_of_other_scripts_are_kept_apart_from_words():
    codes = normalise(["他在桥上"]).codes

    assert (codes[1:-1] >= 128).all()


@given(st.lists(narratives, max_size=5))
def test_every_byte_points_into_its_own_narrative(texts: list[str]):
    batch = normalise(texts)

    joined = "\n" + "\n".join(texts) + "\n"

    assert (np.diff(batch.origins) > 0).all()
    assert batch.origins[-1] < len(joined) if len(batch.origins) else not texts
    assert [joined[s : s + len(t)] for s, t in zip(batch.starts, texts, strict=True)] == texts


@given(narratives)
def test_no_two_separators_stand_side_by_side(text: str):
    codes = normalise([text]).codes

    separates = codes < FIRST_LETTER

    assert not (separates[1:] & separates[:-1]).any()
    assert separates[0]
    assert separates[-1]
