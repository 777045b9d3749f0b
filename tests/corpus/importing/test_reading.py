import io
import warnings
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callnexus.corpus.importing import Imported, import_examples, reading
from callnexus.errors import ExamplesError

LINE = '{"id": 1, "text": "dog barking", "label": ["mh_nexus:yes"]}\n'


def packed(*members: tuple[str, str], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", packing) as archive:
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of the doubled name that a test wants
        for name, text in members:
            archive.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize(
    "name",
    ["../ann.jsonl", "/ann.jsonl", "team/ann.jsonl", "team/", "..\\ann.jsonl", "c:ann.jsonl", "ann.json", ".jsonl"],
)
def test_an_archive_with_anything_but_plain_jsonl_names_is_refused(refusal, name):
    problems = refusal("e.zip", packed(("ok.jsonl", LINE), (name, LINE)), format="doccano")

    assert problems == ("member 2: name: only plain names that end in .jsonl are allowed, no folders",)


def test_an_archive_with_a_name_twice_or_an_unusual_packing_is_refused(refusal):
    twice = refusal("e.zip", packed(("a.jsonl", LINE), ("a.jsonl", LINE)), format="doccano")
    unusual = refusal("e.zip", packed(("a.jsonl", LINE), packing=zipfile.ZIP_LZMA), format="doccano")

    assert twice == ("archive: a file name stands twice",)
    assert unusual == ("member 1: packing: only stored or deflated and not encrypted is allowed",)


def test_an_archive_that_unpacks_to_too_much_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)

    (problem,) = refusal("e.zip", packed(("a.jsonl", LINE), ("b.jsonl", " " * 2000)), format="doccano")

    assert problem == "member 2 (file b.jsonl): more than 1000 bytes unpacked in all"


def test_an_archive_of_too_many_files_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(reading, "MAX_MEMBERS", 1)

    (problem,) = refusal("e.zip", packed(("a.jsonl", LINE), ("b.jsonl", LINE)), format="doccano")

    assert problem == "archive: 2 files; at most 1 are allowed"


def test_a_file_that_is_too_large_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 10)

    assert refusal("e.jsonl", LINE, format="doccano") == ("e.jsonl: more than 10 bytes",)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("e.jsonl", LINE + "{barking\n", "line 2: row: not JSON: Expecting property name"),
        ("e.jsonl", '{"id": 1, "id": 2}', "line 1: row: not JSON: a key that stands twice"),
        ("e.jsonl", "[" * 200_000, "line 1: row: not JSON: nested too deeply"),
        ("e.jsonl", b'{"id": "\xe9"}', "e.jsonl: cannot be read as UTF-8"),
        ("e.jsonl", "[1]", "line 1: record: must be a JSON object"),
        ("e.jsonl", "", "e.jsonl: no records found"),
        ("e.zip", packed(("a.jsonl", "")), "e.zip: no records found"),
        ("e.zip", packed(("a.jsonl", "{")), "member 1 (file a.jsonl): line 1: row: not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_place(refusal, name, content, told):
    (problem,) = refusal(name, content, format="doccano")

    assert problem.startswith(told)


@pytest.mark.parametrize("format", ["label-studio", "label-studio-min", "argilla"])
@pytest.mark.parametrize(
    ("content", "told"),
    [("{}", "top level: must be a JSON list of records"), ("[barking", "not JSON"), ("[]", "no records found")],
)
def test_a_json_export_that_is_not_a_list_of_records_is_refused(refusal, format, content, told):
    (problem,) = refusal("e.json", content, format=format)

    assert told in problem


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    for path in (tmp_path, tmp_path / "absent.zip"):
        with pytest.raises(ExamplesError, match="cannot be read: "):
            import_examples(path, format="doccano", batch="b", register="notes")


WHOLE = packed(("ann.jsonl", LINE), ("ben.jsonl", LINE))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_archive_gives_examples_or_an_examples_error(tmp_path, place, byte, cut):
    damaged = WHOLE[:place] if cut else WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]
    (tmp_path / "e.zip").write_bytes(damaged)

    try:
        imported = import_examples(tmp_path / "e.zip", format="doccano", batch="b", register="notes")
    except ExamplesError:
        return
    assert isinstance(imported, Imported)
