import re
from pathlib import Path

import pytest

from callnexus.errors import ExperimentError
from callnexus.training.experiment import read_experiment

DEFAULT = Path(__file__).parents[2] / "experiments" / "default.toml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = DEFAULT.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_default_experiment_is_read():
    experiment = read_experiment(DEFAULT)

    assert experiment.features.spec().to_mapping()["word_lengths"] == experiment.features.word_lengths


def test_an_unknown_key_is_an_error_that_names_the_nearest(tmp_path: Path):
    with pytest.raises(ExperimentError, match=r"data\.seeds: unknown key; did you mean 'seed'\?"):
        read_experiment(changed(tmp_path, "\nseed = ", "\nseeds = "))


def test_an_unknown_section_is_an_error_that_names_the_nearest(tmp_path: Path):
    with pytest.raises(ExperimentError, match=r"treshold: unknown key; did you mean 'thresholds'\?"):
        read_experiment(changed(tmp_path, "[thresholds]", "[treshold]\n[thresholds]"))


def test_every_problem_is_listed_at_once(tmp_path: Path):
    path = changed(tmp_path, "folds = 8", "folds = 1\ncolour = 2")

    with pytest.raises(ExperimentError) as caught:
        read_experiment(path)

    assert "data.folds" in str(caught.value)
    assert "data.colour" in str(caught.value)


@pytest.mark.parametrize(("text", "reason"), [(None, "cannot be read"), ("[model", "not TOML")])
def test_a_file_that_is_missing_or_not_toml_says_so(tmp_path: Path, text: str | None, reason: str):
    path = tmp_path / "x.toml"
    if text is not None:
        path.write_text(text)

    with pytest.raises(ExperimentError, match=reason):
        read_experiment(path)


@pytest.mark.parametrize(
    "content",
    [
        b"x = " + b"[" * 5000,
        b"x = " + b"9" * 5000,
        b'x = "\\ud800"',
        b'x = "\xed\xa0\x80"',
        b"\xff",
        b"\x00",
    ],
    ids=["nested too deeply", "too many digits", "escaped surrogate", "surrogate", "not UTF-8", "zero byte"],
)
def test_what_no_toml_reader_takes_is_not_toml(tmp_path: Path, content: bytes):
    path = tmp_path / "x.toml"
    path.write_bytes(content)

    with pytest.raises(ExperimentError, match=r"x\.toml: not TOML: "):
        read_experiment(path)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("line", ["word_scale = 3.0", "inverse_regularisation = 1.5", "over_policing_ratio = 2.0"])
def test_a_number_that_is_not_finite_is_refused(tmp_path: Path, line: str, number: str):
    key = line.split()[0]

    with pytest.raises(ExperimentError, match=rf"{key}: Input should be"):
        read_experiment(changed(tmp_path, line, f"{key} = {number}"))


def test_an_unknown_key_of_a_waiver_is_an_error_that_names_the_nearest(tmp_path: Path):
    path = changed(tmp_path, 'by = "the callnexus maintainers"', 'bye = "the callnexus maintainers"')

    with pytest.raises(ExperimentError, match=r"gates\.waivers\.0\.bye: unknown key; did you mean 'by'\?"):
        read_experiment(path)


def test_the_default_experiment_limits_disparities():
    fairness = read_experiment(DEFAULT).fairness

    assert fairness.largest_miss_gap is not None
    assert fairness.flip_rate is not None
    assert fairness.fewest == 20


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('groups = ["subject_height"]', "no group column named 'subject_height'; known are district"),
        ("groups = []", "at least 1 item"),
        ('swaps = ["height"]', "no kind of swap named 'height'; known are race"),
        ("fewest = 5", "greater than or equal to 20"),
        ("over_policing_ratio = 0.5", "greater than or equal to 1"),
        ("largest_gap = 0.5", "did you mean 'largest_miss_gap'"),
    ],
)
def test_a_limit_that_cannot_be_checked_is_refused(wrong: str, told: str, tmp_path: Path):
    text = DEFAULT.read_text(encoding="utf-8").partition("[fairness]")[0]
    path = tmp_path / "changed.toml"
    path.write_text(f"{text}[fairness]\n{wrong}\n", encoding="utf-8")

    with pytest.raises(ExperimentError, match=re.escape(told)):
        read_experiment(path)
