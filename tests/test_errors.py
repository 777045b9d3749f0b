import pytest

from callnexus.errors import ALIKE, SHOWN, ExamplesError, summarised, unreadable


def test_problems_of_one_kind_are_listed_a_few_times_and_then_counted():
    alike = [f"a.csv: row {number}: id: 'x{number}' stands twice" for number in range(100)]

    lines = summarised([*alike, "a.csv: header: no column id"])

    assert lines == [*alike[:ALIKE], "a.csv: header: no column id", "... and 95 more: ... stands twice"]


def test_many_kinds_are_cut_off_with_their_number():
    kinds = [f"row: {'a' * number}" for number in range(1, SHOWN + 11)]

    lines = summarised(kinds)

    assert lines == [*kinds[:SHOWN], "... and 10 more of other kinds"]


def test_an_examples_error_keeps_every_problem():
    problems = [f"line {number}: row: not JSON" for number in range(30)]

    error = ExamplesError(problems)

    assert error.problems == tuple(problems)
    assert str(error).startswith("30 problem(s) in the examples:\n")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (FileNotFoundError(2, "x"), "no such file"),
        (IsADirectoryError(21, "x"), "it is a folder"),
        (PermissionError(13, "x"), "no permission to read it"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "it is not UTF-8 text"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (ValueError("line contains NUL"), "line contains NUL"),
    ],
)
def test_why_a_file_cannot_be_read_is_said_in_words(error: Exception, told: str):
    assert unreadable(error) == told
