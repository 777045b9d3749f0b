import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callnexus.corpus.examples import read_examples
from callnexus.corpus.importing import FORMATS, Imported, detect_format, import_examples
from callnexus.errors import ExamplesError

KEYS = [
    "id", "text", "data", "narrative", "annotations", "completed_by", "was_cancelled", "result", "from_name", "value",
    "choices", "annotator", "annotation_id", "mh_nexus", "safety_risk", "label", "accept", "answer", "_input_hash",
    "_annotator_id", "options", "config", "meta", "fields", "responses", "user_id", "status", "metadata", "register",
    "district", "suggestions", "predictions",
]  # fmt: skip
WORDS = [*KEYS, "yes", "no", "unclear", "mh_nexus:yes", "accept", "reject", "ignore", "submitted", "draft", "notes"]
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS), st.text(st.characters(codec=None))
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text()), inner, max_size=8)
    ),
    max_leaves=40,
)
answers = st.sampled_from(["yes", "no", "unclear", None])
chosen = st.fixed_dictionaries({"choices": st.lists(answers, max_size=2)})
near_tasks = st.fixed_dictionaries(
    {"id": scalars, "data": st.fixed_dictionaries({"text": scalars}, optional={"register": scalars})},
    optional={
        "annotations": st.lists(
            st.fixed_dictionaries(
                {"completed_by": scalars},
                optional={
                    "result": st.lists(
                        st.fixed_dictionaries(
                            {"from_name": st.sampled_from(["mh_nexus", "safety_risk", "other"]),
                             "value": st.one_of(values, chosen)}
                        ), max_size=3)
                },
            ), max_size=3)
    },
)  # fmt: skip
near_rows = st.fixed_dictionaries(
    {"id": scalars, "text": scalars},
    optional={key: st.one_of(values, st.lists(st.sampled_from(WORDS), max_size=3)) for key in KEYS[3:]},
)
contents = st.one_of(values, st.lists(st.one_of(values, near_tasks, near_rows), max_size=4))


def try_import(path, format: str) -> None:
    for confirmed_only in (False, True):
        try:
            imported = import_examples(path, format=format, batch="b", register="notes", confirmed_only=confirmed_only)
        except ExamplesError:
            continue
        assert isinstance(imported, Imported)


@pytest.mark.parametrize("format", FORMATS)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=50
)
@given(content=contents)
def test_any_json_gives_examples_or_an_examples_error_and_nothing_else(tmp_path, format, content):
    for name, text in [
        ("e.json", json.dumps(content)),
        ("e.jsonl", "\n".join(map(json.dumps, content)) if isinstance(content, list) else json.dumps(content)),
    ]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        try_import(tmp_path / name, format)


@pytest.mark.parametrize("format", FORMATS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    content=st.one_of(st.binary(max_size=200), st.text(st.sampled_from('id,narrative\n"mh_nexusyo{}[]:1'), max_size=80))
)
def test_any_bytes_give_examples_or_an_examples_error_and_nothing_else(tmp_path, format, content):
    (tmp_path / "e").write_bytes(content if isinstance(content, bytes) else content.encode())

    try_import(tmp_path / "e", format)


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("e.json", [{"id": 1, "data": {"text": "x"}, "annotations": []}], "label-studio"),
        ("e.json", [{"id": 1, "text": "x", "annotator": 1, "annotation_id": 2, "mh_nexus": "yes"}], "label-studio-min"),
        ("e.JSON", [{"id": "1", "fields": {"text": "x"}, "responses": {}}], "argilla"),
        ("e.jsonl", [{"id": 1, "text": "x", "label": []}], "doccano"),
        ("e.jsonl", [{"text": "x", "accept": [], "answer": "accept", "_input_hash": 1}], "prodigy"),
        ("e.jsonl", [{"id": 1, "narrative": "x", "mh_nexus": "yes"}], "jsonl"),
        ("e.csv", "case,text\n1,x\n", "csv"),
    ],
)
def test_the_format_is_detected_by_the_ending_and_the_first_record(write, name, content, format):
    assert detect_format(write(name, content)) == format


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("e.txt", "x", "e.txt: format: no format fits; name one of label-studio"),
        ("e.json", [{"id": 1}], "no format fits"),
        ("e.json", "{", "not JSON"),
        ("e.jsonl", [{"id": 1, "text": "x", "narrative": "x", "label": [], "mh_nexus": "no"}], "doccano and jsonl fit"),
    ],
)
def test_a_format_that_is_not_clear_has_to_be_named(write, name, content, told):
    with pytest.raises(ExamplesError, match=told):
        detect_format(write(name, content))


def test_options_that_are_not_known_are_all_told_before_the_file_is_read(tmp_path):
    with pytest.raises(ExamplesError) as caught:
        import_examples(tmp_path / "absent", format="excel", batch="", register="diary", columns={"x": "y"})

    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "format",
        "batch",
        "register",
        "columns",
    ]


def test_imported_examples_are_written_and_read_back_as_examples(importer, tmp_path):
    rows = "id,narrative,annotator,mh_nexus,safety_risk\na,dog,ann,yes,no\na,dog,ben,no,no\n"
    imported = importer("e.csv", rows, format="csv")

    (tmp_path / "out.jsonl").write_text("".join(example.to_line() for example in imported.examples), encoding="utf-8")

    assert read_examples([tmp_path / "out.jsonl"]) == list(imported.examples)
