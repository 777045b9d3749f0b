import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from tests.texts import narratives

from callnexus.corpus.examples import Example, data_hash, group_columns, read_examples, to_frame, truth_of
from callnexus.errors import ExamplesError, GroupColumnError

ROW = {"id": "a", "narrative": "dog barking", "mh_nexus": "no", "safety_risk": None, "batch": "b", "register": "notes"}


def written(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_examples_are_read_in_order_with_unknown_labels_kept_unknown(tmp_path: Path):
    path = written(tmp_path, ROW, ROW | {"id": "b", "safety_risk": "yes"})

    examples = read_examples([path])

    assert [example.id for example in examples] == ["a", "b"]
    assert np.array_equal(truth_of(examples), [[0, np.nan], [0, 1]], equal_nan=True)
    assert to_frame(examples)["safety_risk"].tolist() == [None, "yes"]
    assert "narrative" not in to_frame(examples).columns


def test_every_bad_row_is_listed_with_file_line_and_field_and_without_its_text(tmp_path: Path):
    path = written(
        tmp_path, ROW, ROW | {"id": "b", "mh_nexus": "maybe", "narrative": "SECRET"}, "{broken SECRET", ROW,
        {key: value for key, value in (ROW | {"id": "c"}).items() if key != "register"}, ROW | {"id": "d", "extra": 1},
    )  # fmt: skip

    with pytest.raises(ExamplesError) as caught:
        read_examples([path, tmp_path / "absent.jsonl"])

    told = str(caught.value)
    assert "rows.jsonl: line 2: mh_nexus: Input should be 'yes' or 'no'" in told
    assert "rows.jsonl: line 3: row: not JSON" in told
    assert "rows.jsonl: line 4: id: 'a' stands already in rows.jsonl: line 1" in told
    assert "rows.jsonl: line 5: register: Field required" in told
    assert "rows.jsonl: line 6: extra: Extra inputs are not permitted" in told
    assert "absent.jsonl: no such file" in told
    assert len(caught.value.problems) == 6
    assert "SECRET" not in told


def test_no_examples_at_all_are_an_error(tmp_path: Path):
    with pytest.raises(ExamplesError, match="no examples found"):
        read_examples([written(tmp_path)])


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path):
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')

    with pytest.raises(ExamplesError, match=r"latin\.jsonl: cannot be read as UTF-8"):
        read_examples([tmp_path])


@given(narratives.filter(bool))
def test_a_written_example_is_read_back_the_same(text: str):
    clean = text.encode("utf-8", "replace").decode()
    example = Example.model_validate(ROW | {"narrative": clean})

    assert Example.model_validate(json.loads(example.to_line())) == example


def test_the_data_hash_ignores_order_and_sees_every_change():
    one, other = (Example.model_validate(ROW | {"id": name}) for name in "ab")

    assert data_hash([one, other]) == data_hash([other, one])
    assert data_hash([one, other]) != data_hash([one, other.model_copy(update={"mh_nexus": "yes"})])


def test_group_columns_are_kept_once_in_the_order_given():
    assert group_columns(["register", "subject_sex", "register"]) == ("register", "subject_sex")


@pytest.mark.parametrize(
    ("names", "told"), [(["subject_sex", "hair"], "no group column named 'hair'"), ([], "no group column is named")]
)
def test_unknown_group_columns_are_refused_with_the_known_ones(names: list[str], told: str):
    with pytest.raises(GroupColumnError, match=rf"{told}.*; known are district, .*, batch"):
        group_columns(names)
