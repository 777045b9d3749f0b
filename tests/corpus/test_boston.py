import csv
import hashlib
from pathlib import Path

import pytest

from callnexus.corpus.boston import LABEL_COLUMNS, join_labels, prevalence
from callnexus.errors import ExamplesError

TEXT = "R/C for a made-up event, nobody there"


def write(path: Path, header: tuple[str, ...], *rows: tuple[str, ...]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def label(number: str, text: str, *, nexus: str = "yes", weight: str = "1.0") -> tuple[str, ...]:
    return (number, hashlib.sha256(text.encode()).hexdigest(), nexus, "no", nexus, "no", nexus, "no", "other", weight)


def test_labels_are_joined_and_what_is_missing_or_altered_is_named(tmp_path: Path):
    labels = write(tmp_path / "labels.csv", LABEL_COLUMNS, label("1", TEXT), label("2", TEXT), label("3", TEXT))
    source = write(
        tmp_path / "city.csv", ("fc_num", "contact_date", "sex", "age", "contact_reason"),
        ("1", "2019-05-01 10:00", "Male", "34", TEXT), ("2", "2019-05-02", "mixed", "mixed", TEXT + "!"),
    )  # fmt: skip

    joined = join_labels(labels, [source])

    assert [example.id for example in joined.examples] == ["1"]
    assert (joined.missing, joined.altered) == (("3",), ("2",))
    example = joined.examples[0]
    assert (example.batch, example.subject_sex, example.subject_age_band) == ("boston-2019", "male", "26-39")


def test_rows_that_nobody_labelled_are_kept_if_asked_for_and_count_for_nothing(tmp_path: Path):
    labels = write(tmp_path / "labels.csv", LABEL_COLUMNS, label("1", TEXT), label("4", TEXT))
    source = write(
        tmp_path / "city.csv", ("fc_num", "date", "race_ethnicity", "zip", "narrative"),
        ("1", "2019-05-01", "Black", "02118", TEXT), ("2", "2019-05-02", "White", "02119", TEXT),
        ("3", "2019-05-03", "White", "02119", ""), ("4", "2019-05-04", "White", "02119", TEXT + "!"),
    )  # fmt: skip

    plain, kept = join_labels(labels, [source]), join_labels(labels, [source], unlabelled=True)

    assert [example.id for example in plain.examples] == ["1"]
    # Not the one without a narrative, and not the one whose narrative is another than was labelled.
    assert [example.id for example in kept.examples] == ["1", "2"]
    other = kept.examples[1]
    assert (other.mh_nexus, other.safety_risk, dict(other.votes)) == (None, None, {})
    assert (other.batch, other.subject_race, other.district) == ("boston-2019", "white", "02119")
    assert prevalence(kept) == prevalence(plain)


def test_prevalence_counts_each_row_by_its_weight(tmp_path: Path):
    labels = write(
        tmp_path / "labels.csv", LABEL_COLUMNS,
        label("1", TEXT), label("2", TEXT, nexus="no", weight="3.0"), label("3", TEXT, nexus="unclear", weight="9.0"),
    )  # fmt: skip
    source = write(tmp_path / "city.csv", ("fc_num", "narrative"), *((number, TEXT) for number in "123"))

    assert prevalence(join_labels(labels, [source])) == {"mh_nexus": 0.25, "safety_risk": 0.0}


def test_a_file_without_the_column_that_is_needed_is_refused(tmp_path: Path):
    source = write(tmp_path / "city.csv", ("number", "text"), ("1", "x"))
    labels = write(tmp_path / "labels.csv", LABEL_COLUMNS, label("1", TEXT))

    with pytest.raises(ExamplesError, match=r"city\.csv: no column fc_num"):
        join_labels(labels, [source])
    with pytest.raises(ExamplesError, match="cannot be read as CSV"):
        join_labels(labels, [tmp_path / "absent.csv"])


def test_the_committed_labels_hold_no_narrative_and_enough_rows():
    path = Path(__file__).parents[2] / "data" / "boston_fio" / "labels.csv"

    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    assert tuple(rows[0]) == LABEL_COLUMNS
    assert len({row["fc_num"] for row in rows}) == len(rows) >= 1200
    assert max(len(value) for row in rows for value in row.values()) == 64
